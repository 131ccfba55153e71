"""PeduliLindungi as the connector sees it: two questions, each answered in time with an acceptance or a documented code."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from wajah.contracts.jobs import Visit
from wajah.upstream.breaker import Breaker

from pedulilindungi.answers import Answer, Reader, VisitAnswer
from pedulilindungi.faults import TimedOut, TokenExpired, Unreachable
from pedulilindungi.settings import PeduliLindungiSettings
from pedulilindungi.tokens import Tokens
from pedulilindungi.transport import Transport


class PeduliLindungi:
    """`until` is Unix time in seconds. Every question raises WajahError 600, or 603 to 611."""

    def __init__(self, settings: PeduliLindungiSettings) -> None:
        self._settings = settings
        self._transport = Transport(settings)
        self._tokens = Tokens(settings, self._transport)
        self._breaker = Breaker(
            failures=settings.pl_breaker_failures, open_s=settings.pl_breaker_open_s, refusal=Unreachable
        )
        self._reader = Reader(rejected=settings.pl_rejected_codes, not_enrolled=settings.pl_not_enrolled_codes)

    async def register(self, nik: str, name: str, *, until: float) -> dict[str, Any]:
        """Make a person known there. What it answered."""
        body = {"nik": nik, "name": name}
        return await self._ask(self._settings.pl_register_path, body, Answer, until)

    async def visit(self, nik: str, name: str, where: Visit, *, until: float) -> dict[str, Any]:
        """Check a person in or out. What it answered, as `VisitAnswer` has it."""
        body = {
            "nik": nik,
            "name": name,
            "qrCode": where.qr_code,
            "latitude": where.latitude,
            "longitude": where.longitude,
        }
        return await self._ask(self._settings.pl_checkin_path, body, VisitAnswer, until)

    async def close(self) -> None:
        await self._transport.close()

    async def _ask(self, path: str, body: Mapping[str, Any], kind: type[Answer], until: float) -> dict[str, Any]:
        with self._breaker.call():
            try:
                async with asyncio.timeout(until - time.time()):
                    return await self._authorised(path, body, kind)
            except TimeoutError:
                raise TimedOut from None

    async def _authorised(self, path: str, body: Mapping[str, Any], kind: type[Answer]) -> dict[str, Any]:
        """A refused token was not acted upon: with its successor the question is asked once more."""
        token = await self._tokens.current()
        try:
            return await self._answer(path, body, kind, token)
        except TokenExpired:
            successor = await self._tokens.instead_of(token)
        return await self._answer(path, body, kind, successor)

    async def _answer(self, path: str, body: Mapping[str, Any], kind: type[Answer], token: str) -> dict[str, Any]:
        return self._reader.accepted(await self._transport.post(path, json=body, bearer=token), kind)
