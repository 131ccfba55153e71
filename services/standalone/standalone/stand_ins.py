"""Stand-ins for the services outside, from the source tree, as processes beside the platform: for development."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any, Final

import structlog

SOURCE_TREE: Final = Path(__file__).parents[3]
PEDULILINDUNGI: Final = "127.0.0.1:8090"
START_S: Final = 20.0
STOP_S: Final = 5.0

OPTIONS: Final[dict[str, Any]] = {
    "pl_url": f"http://{PEDULILINDUNGI}",
    "pl_stand_in": True,
    "pl_client_id": "wajah",
    "pl_client_secret": "stand-in",
}
"""Settings of connectors that talk to the stand-ins."""

_log = structlog.get_logger(__name__)


class StandIn:
    """`wajah.messaging.service.Service`: one stand-in, started before its connector and ended after it."""

    name = "stand-in for PeduliLindungi"

    def __init__(self, *, module: str = "tests.stand_ins.pedulilindungi", bind: str = PEDULILINDUNGI) -> None:
        self._module = module
        self._bind = bind
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Raises OSError where there is no source tree, or it does not answer."""
        if not (SOURCE_TREE / Path(*self._module.split("."))).is_dir():
            raise FileNotFoundError("stand-ins are part of the source tree, and this is an installation")
        environment = {**os.environ, "PYTHONPATH": str(SOURCE_TREE)}
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", self._module, self._bind, cwd=SOURCE_TREE, env=environment
        )
        await self._answering(self._process)
        _log.warning("a stand-in answers, nothing outside is asked", service=self.name, page=f"http://{self._bind}/")

    async def ready(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def drain(self) -> None:
        """Its connector has drained."""

    async def stop(self) -> None:
        if self._process is None or self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            async with asyncio.timeout(STOP_S / 2):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def _answering(self, process: asyncio.subprocess.Process) -> None:
        host, _, port = self._bind.rpartition(":")
        try:
            async with asyncio.timeout(START_S):
                while not await _listens(host, int(port)):
                    await asyncio.sleep(0.1)
                    if process.returncode is not None:
                        raise OSError(f"the {self.name} did not start: is {self._bind} taken?")
        except TimeoutError:
            raise OSError(f"the {self.name} does not answer at {self._bind}") from None


async def _listens(host: str, port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    return True
