"""The stand-in as a process: `python -m tests.stand_ins.pedulilindungi [HOST:PORT]`."""

import asyncio
import logging
import signal
import sys
from typing import Final

from ingress.server import HttpServer

from tests.stand_ins.pedulilindungi.app import build
from tests.stand_ins.pedulilindungi.state import State

DEFAULT_BIND: Final = "127.0.0.1:8090"


async def main(bind: str) -> None:
    """Until SIGTERM."""
    ending = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ending.set)
    server = HttpServer(build(State()), bind, grace_s=1)
    await server.start()
    logging.getLogger("stand-in").info("answers at %s", bind)
    await ending.wait()
    await server.stop()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="STAND-IN for PeduliLindungi: %(message)s")
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else DEFAULT_BIND))
