"""uvicorn inside a running event loop, which it shares with whatever else the process does; signals stay the process's."""

import asyncio
import math
import socket
from typing import Final

import uvicorn
from starlette.types import ASGIApp

BACKLOG: Final = 2048
KEEP_ALIVE_S: Final = 75  # longer than the 60 s that load balancers keep their connections


class HttpServer:
    """Serves an ASGI app on `host:port`; port 0 takes a free one."""

    def __init__(self, app: ASGIApp, bind: str, *, grace_s: float) -> None:
        host, _, port = bind.rpartition(":")
        self._address = (host.strip("[]"), int(port))
        config = uvicorn.Config(
            app,
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # a peer's address is never what a peer says
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=math.ceil(grace_s),
        )
        self._server = uvicorn.Server(config)
        self._serving: asyncio.Task[None] | None = None
        self.port = self._address[1]

    async def start(self) -> None:
        """Return when connections are accepted. Raises OSError when the address is taken."""
        listening = listen(self._address)
        self.port = listening.getsockname()[1]
        self._serving = asyncio.create_task(self._server._serve([listening]), name="http")

    async def drain(self) -> None:
        """Accept nothing more, and return when every answer under way is sent, or the grace period is over."""
        self._server.should_exit = True
        if self._serving is not None:
            await asyncio.shield(self._serving)

    async def stop(self) -> None:
        """Wait no longer for answers under way."""
        if self._serving is not None:
            self._serving.cancel()
            await asyncio.wait({self._serving})


def listen(address: tuple[str, int]) -> socket.socket:
    """A listening socket. Raises OSError when the address is taken.

    It names its protocol, for asyncio sets TCP_NODELAY on no other: answers would wait 40 ms.
    """
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
    except OSError:
        listening.close()
        raise
    listening.setblocking(False)
    return listening
