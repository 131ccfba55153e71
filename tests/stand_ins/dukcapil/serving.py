"""The stand-in within a test: started on a free port of the test's own event loop."""

import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from dukcapil.settings import DukcapilSettings
from ingress.server import HttpServer
from pydantic import SecretStr
from wajah.security.rsa_credentials import fingerprint, new_private_key, public_pem

from tests.stand_ins.dukcapil.app import CUSTOMER_ID, build
from tests.stand_ins.dukcapil.state import State


@cache
def private_key() -> RSAPrivateKey:
    """One for the whole run: to make one takes long."""
    return new_private_key()


@dataclass(frozen=True)
class StandIn:
    """`state` can be looked at and told; `settings` are a connector's that asks it."""

    url: str
    state: State
    folder: Path

    def settings(self, **more: object) -> DukcapilSettings:
        pem = self.folder / "dukcapil.pem"
        pem.write_text(public_pem(self.state.key.public_key()))
        fields = {
            "dukcapil_url": self.url,
            "dukcapil_plain_http": True,
            "dukcapil_customer_id": CUSTOMER_ID,
            "dukcapil_user_id": SecretStr(self.state.user_id),
            "dukcapil_password": SecretStr(self.state.password),
            "dukcapil_public_key": pem,
            "dukcapil_key_sha256": fingerprint(self.state.key.public_key()),
            "dukcapil_timeout_s": 2.0,
            "dukcapil_reserve_s": 0.1,
            "dukcapil_busy_pause_s": 0.01,
        }
        return DukcapilSettings.model_validate(fields | more)


@contextlib.asynccontextmanager
async def stand_in(folder: Path) -> AsyncGenerator[StandIn]:
    state = State(private_key())
    server = HttpServer(build(state), "127.0.0.1:0", grace_s=0.1)
    await server.start()
    try:
        yield StandIn(f"http://127.0.0.1:{server.port}", state, folder)
    finally:
        await server.stop()
