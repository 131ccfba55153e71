"""The stages that ask PeduliLindungi: registering a person, and checking one in or out."""

import time
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

from wajah.contracts.envelope import Job
from wajah.contracts.errors import MESSAGES, Code, WajahError
from wajah.contracts.jobs import EnrolAtPl, IdentifyAtPl, VerifyAtPl
from wajah.contracts.results import CheckedIn, Identified, Registered, Verified
from wajah.contracts.stages import Stage
from wajah.messaging.slip import StageHandler
from wajah.storage.ports import Settlement, UpstreamCall, UpstreamCalls

from pedulilindungi.faults import TimedOut
from pedulilindungi.ledger import Ask, Ledger
from pedulilindungi.upstream import PeduliLindungi


class Person(NamedTuple):
    nik: str
    name: str


class Handlers:
    """`timeout_s` bounds a call, and `reserve_s` before the job's deadline it ends."""

    def __init__(self, upstream: PeduliLindungi, calls: UpstreamCalls, *, timeout_s: float, reserve_s: float) -> None:
        self._upstream = upstream
        self._calls = calls
        self._ledger = Ledger(calls)
        self._timeout_s = timeout_s
        self._reserve_s = reserve_s

    def table(self) -> dict[Stage, StageHandler]:
        return {Stage.PL_REGISTER: self.register, Stage.PL_CHECKIN: self.check_in}

    async def register(self, job: Job[Any]) -> Registered:
        """An acceptance that led to no enrolment here, and of which no caller was told, serves the next attempt.

        Raises WajahError 600, or 603 to 611.
        """
        if not isinstance(job.payload, EnrolAtPl):
            raise WajahError(Code.MALFORMED, "Request malformed: nik")
        person = Person(job.payload.user_id, job.payload.user_name)
        earlier = await self._calls.accepted(job.gallery, person.nik, Stage.PL_REGISTER)
        ask: Ask = partial(self._upstream.register, *person, until=self._until(job))
        if earlier is not None and earlier.user_name == person.name:
            ask = _answering(earlier)
        call = _call(job, Stage.PL_REGISTER, person, Settlement.OPEN)
        return Registered(answer=await self._ledger.once(call, ask))

    async def check_in(self, job: Job[Any]) -> CheckedIn:
        """Nobody is asked about a face that was not recognised, or not well enough: 411.

        Raises WajahError 411, 600, or 603 to 611.
        """
        if not isinstance(job.payload, VerifyAtPl | IdentifyAtPl):
            raise WajahError(Code.MALFORMED, "Request malformed: qr_code")
        person = _recognised(job)
        call = _call(job, Stage.PL_CHECKIN, person, Settlement.FINISHED)
        ask = partial(self._upstream.visit, *person, job.payload, until=self._until(job))
        answer = await self._ledger.once(call, ask)
        return CheckedIn(answer=answer, user_status=answer["data"]["userStatus"])

    def _until(self, job: Job[Any]) -> float:
        """Raises TimedOut where no time is left."""
        now = time.time()
        until = min(now + self._timeout_s, job.envelope.deadline - self._reserve_s)
        if until <= now:
            raise TimedOut
        return until


def _answering(earlier: UpstreamCall) -> Ask:
    async def ask() -> dict[str, Any]:
        return earlier.answer or {}

    return ask


def _call(job: Job[Any], stage: Stage, person: Person, settlement: Settlement) -> UpstreamCall:
    return UpstreamCall(
        job_id=job.envelope.job_id,
        stage=stage,
        gallery=job.gallery,
        user_id=person.nik,
        user_name=person.name,
        begun_at=datetime.now(UTC),
        settlement=settlement,
    )


def _recognised(job: Job[VerifyAtPl] | Job[IdentifyAtPl]) -> Person:
    """Raises WajahError 411."""
    person, similarity = _found(job)
    if person is None:
        raise WajahError(Code.NOT_VERIFIED)
    minimum = job.payload.minimum_similarity
    if minimum is not None and similarity < minimum:
        raise WajahError(Code.NOT_VERIFIED, f"{MESSAGES[Code.NOT_VERIFIED]}: below minimum_confidence_level")
    return person


def _found(job: Job[VerifyAtPl] | Job[IdentifyAtPl]) -> tuple[Person | None, float]:
    payload = job.payload
    if isinstance(payload, VerifyAtPl):
        verified = job.result(Verified)
        return Person(payload.user_id, verified.user_name) if verified.verified else None, verified.similarity
    identified = job.result(Identified)
    best = identified.best
    return Person(best.user_id, best.user_name) if best else None, identified.similarity
