"""Dukcapil as the connector sees it: three questions, each answered in time or with a code of the status table."""

import asyncio
import base64
import random
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any, Final, TypeVar

import structlog
from pydantic_core import to_json
from wajah.contracts.errors import Code, WajahError
from wajah.contracts.results import Likeness
from wajah.upstream.breaker import Breaker
from wajah.upstream.faults import Fault, NoResponse, TimedOut, Unreachable, Unreadable
from wajah.upstream.transport import Received, Transport

from dukcapil.account import Account
from dukcapil.answers import Busy, Comparison, answer_of, comparison_in, found_in
from dukcapil.elements import ElementReader, Elements
from dukcapil.quota import DayQuota
from dukcapil.settings import DukcapilSettings

MAX_ANSWER_BYTES: Final = 65_536  # ten people have some 800
BUSY_ATTEMPTS: Final = 3
BIRTH_DATE_FORMAT: Final = "%d-%m-%Y"

_CODES: Final[dict[type[Fault], Code]] = {
    Busy: Code.DK_BUSY,
    TimedOut: Code.DK_TIMEOUT,
    NoResponse: Code.DK_NO_RESPONSE,
    Unreachable: Code.DK_UNREACHABLE,
    Unreadable: Code.DK_MALFORMED,
}
_log = structlog.get_logger(__name__)

T = TypeVar("T")
Body = Callable[[], Mapping[str, Any]]


class Dukcapil:
    """`until` is Unix time in seconds, `transaction` the id that Dukcapil knows the call by, at most 20 characters.

    Every question raises WajahError 700 to 707 or 709. Without an `account` Dukcapil is not reached.
    """

    def __init__(self, settings: DukcapilSettings, account: Account | None) -> None:
        self._settings = settings
        self._account = account
        self._pause_s = settings.dukcapil_busy_pause_s
        self._transport = Transport(
            settings.dukcapil_url,
            at_once=settings.dukcapil_at_once,
            max_bytes=MAX_ANSWER_BYTES,
            ca_file=settings.dukcapil_ca_file,
        )
        self._breaker = Breaker(failures=settings.dukcapil_breaker_failures, open_s=settings.dukcapil_breaker_open_s)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="dukcapil-bodies")
        self._elements = ElementReader(settings)
        limit = settings.dukcapil_daily_quota
        self._identifications = DayQuota("identify", limit)
        self._comparisons = DayQuota("compare", limit)
        self._checks = DayQuota("check", limit)

    async def identify(self, image: bytes, threshold: float, *, transaction: str, until: float) -> tuple[Likeness, ...]:
        """1:N: at most ten people at or above the threshold (a score from 1 to 20), best first."""

        def body() -> dict[str, Any]:
            return self._signed(transaction) | {"threshold": _plain(threshold), "image": _base64(image)}

        path, quota = self._settings.dukcapil_identify_path, self._identifications
        return await self._ask(path, quota, body, lambda received: found_in(answer_of(received)), until)

    async def compare(self, nik: str, image: bytes, *, transaction: str, until: float) -> Comparison | None:
        """1:1 with the photograph of a NIK; None where there is no such NIK."""

        def body() -> dict[str, Any]:
            assert self._account is not None  # asked for only where there is one
            return self._signed(transaction) | {
                "nik": self._account.encrypted(nik),
                "threshold": _plain(self._settings.dukcapil_match_score),
                "image": _base64(image),
                "template": "",
                "type": "Face",
                "position": "F",
                "customer_id": self._settings.dukcapil_customer_id,
            }

        path, quota = self._settings.dukcapil_compare_path, self._comparisons
        compared = await self._ask(path, quota, body, lambda received: comparison_in(answer_of(received)), until)
        if compared is not None and compared.quota_left is not None:
            quota.tell(compared.quota_left)
        return compared

    async def check(self, nik: str, name: str, birth_date: date, *, transaction: str, until: float) -> Elements | None:
        """Whether name and birth date are those of a NIK; None where there is no such NIK."""
        settings = self._settings

        def body() -> dict[str, Any]:
            return self._signed(transaction) | {
                settings.dukcapil_nik_field: nik,
                settings.dukcapil_name_field: name,
                settings.dukcapil_birth_date_field: birth_date.strftime(BIRTH_DATE_FORMAT),
            }

        return await self._ask(settings.dukcapil_biographic_path, self._checks, body, self._elements.read, until)

    async def close(self) -> None:
        await self._transport.close()
        self._writer.shutdown()

    def _signed(self, transaction: str) -> dict[str, Any]:
        """What every question carries."""
        assert self._account is not None  # asked for only where there is one
        return {
            "transactionId": transaction,
            "transactionSource": self._settings.dukcapil_source,
            **self._account.credentials(),
            "ip": self._settings.dukcapil_ip,
        }

    async def _ask(self, path: str, quota: DayQuota, body: Body, read: Callable[[Received], T], until: float) -> T:
        if self._account is None:
            raise WajahError(Code.DK_UNREACHABLE)
        quota.take()
        place = path.format(customer_id=self._settings.dukcapil_customer_id)
        started = time.perf_counter()
        code = Code.SUCCESS
        try:
            return await self._patiently(place, body, read, until)
        except Fault as fault:
            code = _CODES.get(type(fault), Code.DK_UNKNOWN)
            raise WajahError(code) from None
        except WajahError as refusal:
            code = refusal.code
            if code is Code.DK_QUOTA:
                quota.exhaust()
            raise
        finally:
            _log.info("asked Dukcapil", path=path, code=code.value, ms=round((time.perf_counter() - started) * 1e3))

    async def _patiently(self, place: str, body: Body, read: Callable[[Received], T], until: float) -> T:
        """Once more where it said that it was busy, and there is time. Raises Fault, WajahError."""
        for _ in range(BUSY_ATTEMPTS - 1):
            try:
                return await self._once(place, body, read, until)
            except Busy:
                pause_s = self._pause_s * random.uniform(0.5, 1.5)  # noqa: S311 - no secret
                if time.time() + pause_s >= until:
                    raise
                await asyncio.sleep(pause_s)
        return await self._once(place, body, read, until)

    async def _once(self, place: str, body: Body, read: Callable[[Received], T], until: float) -> T:
        with self._breaker.call():
            try:
                async with asyncio.timeout(until - time.time()):
                    written = await asyncio.get_running_loop().run_in_executor(self._writer, lambda: to_json(body()))
                    return read(await self._transport.post(place, written))
            except TimeoutError:
                raise TimedOut from None


def _plain(score: float) -> str:
    """As the document writes it: text, and 7 rather than 7.0."""
    return f"{score:g}"


def _base64(image: bytes) -> str:
    return base64.b64encode(image).decode()
