"""The two stages: what is asked of whom, and what a verification is made of."""

import dataclasses
import time
from datetime import date
from typing import Any

import pytest
from dukcapil.dukcapil_registry import DukcapilRegistry, percent_of
from dukcapil.handlers import Handlers, transaction_of
from dukcapil.registry import Findings
from dukcapil.settings import DukcapilSettings
from dukcapil.upstream import Dukcapil
from wajah.contracts.envelope import Envelope, Job
from wajah.contracts.errors import Code, WajahError
from wajah.contracts.jobs import IdentifyAtDukcapil, Payload, VerifyKtp
from wajah.contracts.results import KtpVerified

from tests.stand_ins.dukcapil.app import BIOGRAPHIC_PATH, COMPARE_PATH
from tests.stand_ins.dukcapil.serving import StandIn

NIK = "3175035708450001"
CARD = VerifyKtp(nik=NIK, name="SITI NURAINI", birth_date=date(1945, 8, 17), image=b"\xff\xd8\xff")
GOOD = Findings(name=True, birth_date=True, face_percent=82.04)


def job(payload: Payload, *, deadline_s: float = 5.0, job_id: str = "job 1") -> Job[Any]:
    envelope = Envelope.of(payload, client_id="acme", deadline=time.time() + deadline_s)
    return Job.open(envelope.model_copy(update={"job_id": job_id}))


class Told:
    """A registry that says what it was told to."""

    def __init__(self, findings: Findings | None) -> None:
        self._findings = findings

    async def look_up(self, card: VerifyKtp, *, transaction: str, until: float) -> Findings | None:
        return self._findings


async def verified(dukcapil: Dukcapil, findings: Findings | None) -> KtpVerified:
    return await Handlers(DukcapilSettings(), dukcapil, Told(findings)).verify(job(CARD))


async def test_a_verification_needs_all_of_it(dukcapil: Dukcapil) -> None:
    outcomes = {
        change: (await verified(dukcapil, dataclasses.replace(GOOD, **{change: value}))).verified
        for change, value in {"name": False, "birth_date": False, "face_percent": 74.99}.items()
    }

    assert outcomes == {"name": False, "birth_date": False, "face_percent": False}
    assert (await verified(dukcapil, GOOD)).verified


@pytest.mark.parametrize(
    ("percent", "shown", "passes"), [(75.0, 75.0, False), (75.004, 75.0, False), (75.006, 75.01, True), (100.0, 100.0, True)]
)
async def test_the_percentage_that_is_shown_decides(dukcapil: Dukcapil, percent: float, shown: float, passes: bool) -> None:
    result = await verified(dukcapil, dataclasses.replace(GOOD, face_percent=percent))

    assert (result.face_percent, result.verified) == (shown, passes)


async def test_of_an_unknown_nik_nothing_more_is_said(dukcapil: Dukcapil) -> None:
    expected = KtpVerified(nik=False, name=None, birth_date=None, face_percent=0, verified=False)

    assert await verified(dukcapil, None) == expected


async def test_dukcapil_is_a_registry(there: StandIn, dukcapil: Dukcapil) -> None:
    there.state.people = {NIK: ("SITI NURAINI", "17-08-1945")}
    there.state.scores = {NIK: "16.0"}
    handlers = Handlers(there.settings(), dukcapil, DukcapilRegistry(dukcapil, match_score=15.0))

    result = await handlers.verify(job(CARD))

    assert result == KtpVerified(nik=True, name=True, birth_date=True, face_percent=80.0, verified=True)
    assert [call.path for call in there.state.calls] == [BIOGRAPHIC_PATH, COMPARE_PATH]


async def test_no_face_is_compared_for_a_nik_that_does_not_exist(there: StandIn, dukcapil: Dukcapil) -> None:
    handlers = Handlers(there.settings(), dukcapil, DukcapilRegistry(dukcapil, match_score=15.0))

    result = await handlers.verify(job(CARD))

    assert not result.nik
    assert [call.path for call in there.state.calls] == [BIOGRAPHIC_PATH]


@pytest.mark.parametrize(("score", "percent"), [(0, 0), (7.5, 37.5), (15, 75), (17.5, 87.5), (20, 100)])
def test_the_score_of_a_match_means_75_percent(score: float, percent: float) -> None:
    assert percent_of(score, 15.0) == pytest.approx(percent)
    assert percent_of(7.0, 7.0) == 75.0


async def test_an_identification_takes_the_jobs_threshold_or_the_settings(there: StandIn, dukcapil: Dukcapil) -> None:
    there.state.found = {"317503 5708450001": 9.5}
    handlers = Handlers(there.settings(), dukcapil, Told(None))

    own = await handlers.identify(job(IdentifyAtDukcapil(image=b"x", threshold=12.5)))
    default = await handlers.identify(job(IdentifyAtDukcapil(image=b"x")))

    assert (own.threshold, default.threshold) == (12.5, 7.0)
    assert [call.body["threshold"] for call in there.state.calls] == ["12.5", "7"]
    assert [each.nik for each in own.found] == [NIK]


async def test_a_job_that_comes_back_is_the_same_transaction(there: StandIn, dukcapil: Dukcapil) -> None:
    handlers = Handlers(there.settings(), dukcapil, Told(None))

    first = await handlers.identify(job(IdentifyAtDukcapil(image=b"x")))
    again = await handlers.identify(job(IdentifyAtDukcapil(image=b"x")))
    other = await handlers.identify(job(IdentifyAtDukcapil(image=b"x"), job_id="Ж" * 120))

    assert first.transaction_id == again.transaction_id != other.transaction_id
    assert [len(call.body["transactionId"]) for call in there.state.calls] == [20, 20, 20]


async def test_nothing_is_asked_when_no_time_is_left(there: StandIn, dukcapil: Dukcapil) -> None:
    handlers = Handlers(there.settings(dukcapil_reserve_s=10.0), dukcapil, Told(None))

    with pytest.raises(WajahError) as refusal:
        await handlers.identify(job(IdentifyAtDukcapil(image=b"x")))

    assert refusal.value.code is Code.DK_TIMEOUT
    assert there.state.calls == []


def test_a_transaction_id_fits() -> None:
    assert len(transaction_of(job(CARD).envelope)) == 20
