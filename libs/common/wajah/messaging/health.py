"""A very small HTTP server for the questions of an orchestrator: `/healthz`, `/readyz` and `/metrics`. Nothing else."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

from wajah.telemetry import metrics

_TIMEOUT_S: Final = 5.0
_JSON: Final = "application/json"

Readiness = Callable[[], Awaitable[dict[str, bool]]]
"""Whether each part can work, by name."""


class HealthServer:
    """Answers while it is started. `/readyz` is 503 when any part can't work."""

    def __init__(self, bind: str, readiness: Readiness) -> None:
        self._host, _, port = bind.rpartition(":")
        self._port = int(port)
        self._readiness = readiness
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port in use: the chosen one where `bind` asked for any (0)."""
        if self._server is None:
            return self._port
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self) -> None:
        """Raises OSError when the address is taken."""
        self._server = await asyncio.start_server(self._serve, self._host.strip("[]"), self._port)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ValueError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            async with asyncio.timeout(_TIMEOUT_S):
                method, target, _version = (
                    (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n", 1)[0].decode("latin-1").split()
                )
                status, content_type, body = await self._answer(method, target.partition("?")[0])
                head = (
                    f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {content_type}\r\n"
                    f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
                )
                writer.write(head.encode() + (b"" if method == "HEAD" else body))
                await writer.drain()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    async def _answer(self, method: str, path: str) -> tuple[HTTPStatus, str, bytes]:
        if method not in {"GET", "HEAD"}:
            return HTTPStatus.METHOD_NOT_ALLOWED, _JSON, b'{"status": "method not allowed"}'
        if path == "/healthz":
            return HTTPStatus.OK, _JSON, b'{"status": "ok"}'
        if path == "/readyz":
            parts = await self._readiness()
            ready = all(parts.values())
            body = json.dumps({"status": "ready" if ready else "not ready", "parts": parts}).encode()
            return HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE, _JSON, body
        if path == "/metrics":
            return HTTPStatus.OK, metrics.CONTENT_TYPE, metrics.exposition()
        return HTTPStatus.NOT_FOUND, _JSON, b'{"status": "not found"}'
