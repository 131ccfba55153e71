"""HTTP to PeduliLindungi: bounded in calls under way and in size, repeated only where nothing can have happened there."""

import asyncio
import random
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

from pedulilindungi.faults import Malformed, NoResponse, Unreachable
from pedulilindungi.settings import PeduliLindungiSettings

MAX_ANSWER_BYTES: Final = 65_536  # a check-in's answer has some 500
CONNECT_S: Final = 2.0
CONNECT_ATTEMPTS: Final = 3
RETRY_PAUSE_S: Final = 0.2  # half of it to one and a half, so that callers don't come back together
KEEP_ALIVE_S: Final = 5.0  # servers close idle connections: one that is closed while we write is a lost call


@dataclass(frozen=True, slots=True)
class Received:
    """An HTTP answer, its body as sent."""

    status: int
    body: bytes


class Transport:
    """Redirects are answers like any other: credentials and personal data go nowhere else. Proxies of the environment are
    not used."""

    def __init__(self, settings: PeduliLindungiSettings) -> None:
        self._configured = bool(settings.pl_url)
        self._at_once = asyncio.Semaphore(settings.pl_at_once)
        cafile = None if settings.pl_ca_file is None else str(settings.pl_ca_file)
        self._client = httpx.AsyncClient(
            base_url=settings.pl_url,
            verify=True if cafile is None else ssl.create_default_context(cafile=cafile),
            http2=True,
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(None, connect=CONNECT_S),
            limits=httpx.Limits(max_connections=settings.pl_at_once, keepalive_expiry=KEEP_ALIVE_S),
            headers={"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "wajah"},
        )

    async def post(
        self,
        path: str,
        *,
        json: Mapping[str, Any] | None = None,
        form: Mapping[str, str] | None = None,
        bearer: str = "",
    ) -> Received:
        """The answer; how long to wait is up to the caller. Raises Unreachable, NoResponse, Malformed."""
        if not self._configured:
            raise Unreachable
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        request = self._client.build_request("POST", path, json=json, data=form, headers=headers)
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
                return Received(response.status_code, await _body(response))
            finally:
                await response.aclose()
        except (httpx.ConnectError, httpx.ConnectTimeout):
            raise Unreachable from None
        except httpx.TransportError:
            raise NoResponse from None


async def _body(response: httpx.Response) -> bytes:
    """Raises Malformed for one that is too large, or compressed, which was not asked for."""
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise Malformed
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise Malformed
    return bytes(body)
