"""HTTP to an outside service: bounded in calls under way and in size, repeated only where nothing can have happened there.

For connectors: httpx is theirs to bring.
"""

import asyncio
import random
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from wajah.upstream.faults import NoResponse, Unreachable, Unreadable

CONNECT_S: Final = 2.0
CONNECT_ATTEMPTS: Final = 3
RETRY_PAUSE_S: Final = 0.2  # half of it to one and a half, so that callers don't come back together
KEEP_ALIVE_S: Final = 5.0  # servers close idle connections: one that is closed while we write is a lost call

_HEADERS: Final = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "Content-Type": "application/json",
    "User-Agent": "wajah",
}


@dataclass(frozen=True, slots=True)
class Received:
    """An HTTP answer, its body as sent."""

    status: int
    body: bytes


class Transport:
    """Redirects are answers like any other: credentials and personal data go nowhere else. Proxies of the environment are
    not used. Without a `url` nothing is reached. `ca_file` holds certificates to trust instead of the public authorities."""

    def __init__(self, url: str, *, at_once: int, max_bytes: int, ca_file: Path | None = None, http2: bool = False) -> None:
        self._configured = bool(url)
        self._max_bytes = max_bytes
        self._at_once = asyncio.Semaphore(at_once)
        self._client = httpx.AsyncClient(
            base_url=url,
            verify=True if ca_file is None else ssl.create_default_context(cafile=str(ca_file)),
            http2=http2,
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(None, connect=CONNECT_S),
            limits=httpx.Limits(max_connections=at_once, keepalive_expiry=KEEP_ALIVE_S),
            headers=_HEADERS,
        )

    async def post(self, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> Received:
        """The answer; a body is JSON unless the headers say otherwise, and how long to wait is up to the caller.

        Raises Unreachable, NoResponse, Unreadable.
        """
        if not self._configured:
            raise Unreachable
        request = self._client.build_request("POST", path, content=body, headers=headers)
        async with self._at_once:
            return await self._send(request)

    async def close(self) -> None:
        await self._client.aclose()

    async def _send(self, request: httpx.Request) -> Received:
        """Once more only where no connection was established."""
        for _ in range(CONNECT_ATTEMPTS - 1):
            try:
                return await self._exchange(request)
            except Unreachable:
                await asyncio.sleep(RETRY_PAUSE_S * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
        return await self._exchange(request)

    async def _exchange(self, request: httpx.Request) -> Received:
        try:
            response = await self._client.send(request, stream=True)
            try:
                return Received(response.status_code, await self._body(response))
            finally:
                await response.aclose()
        except (httpx.ConnectError, httpx.ConnectTimeout):
            raise Unreachable from None
        except httpx.TransportError:
            raise NoResponse from None

    async def _body(self, response: httpx.Response) -> bytes:
        """Raises Unreadable for one that is too large, or compressed, which was not asked for."""
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise Unreadable
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > self._max_bytes:
                raise Unreadable
        return bytes(body)
