"""The stand-in within a test: started on a free port of the test's own event loop."""

import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from ingress.server import HttpServer
from pedulilindungi.settings import PeduliLindungiSettings
from pydantic import SecretStr

from tests.stand_ins.pedulilindungi.app import build
from tests.stand_ins.pedulilindungi.state import Behaviour, Script, State


@dataclass(frozen=True)
class StandIn:
    """`state` can be looked at; `settings` are a connector's that talks to it."""

    url: str
    state: State

    def settings(self, **more: object) -> PeduliLindungiSettings:
        fields = {
            "pl_url": self.url,
            "pl_stand_in": True,
            "pl_client_id": "wajah",
            "pl_client_secret": SecretStr("a secret"),
            "pl_timeout_s": 2.0,
            "pl_reserve_s": 0.1,
        }
        return PeduliLindungiSettings.model_validate(fields | more)

    def tell(self, nik: str, behaviour: Behaviour, **how: float) -> None:
        self.state.scripts[nik] = Script(behaviour=behaviour, **how)


@contextlib.asynccontextmanager
async def stand_in() -> AsyncGenerator[StandIn]:
    state = State()
    server = HttpServer(build(state), "127.0.0.1:0", grace_s=0.1)
    await server.start()
    try:
        yield StandIn(f"http://127.0.0.1:{server.port}", state)
    finally:
        await server.stop()
