"""Records are written behind the reply: a store that comes back gets them all, one that stays away holds nobody up."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio
from wajah.contracts.envelope import Envelope, Reply
from wajah.contracts.errors import Code, JobError
from wajah.contracts.jobs import Identify, Verify
from wajah.contracts.results import Candidate, Identified, Verified
from wajah.contracts.stages import Stage
from wajah.storage import recorder as module
from wajah.storage.ports import StoreUnavailable, Transaction, Transactions
from wajah.storage.recorder import TransactionRecorder, transaction_of
from wajah.storage.sqlite.store import SqliteStore

IMAGE = b"secret picture"


class Away:
    """A store's records that can't be reached for a while, in front of real ones."""

    def __init__(self, real: Transactions) -> None:
        self.real = real
        self.away = False
        self.refused = asyncio.Event()

    async def add(self, transactions: Sequence[Transaction]) -> None:
        if self.away:
            self.refused.set()
            raise StoreUnavailable
        await self.real.add(transactions)

    async def find(self, client_id: str, *, limit: int = 100) -> list[Transaction]:
        return await self.real.find(client_id, limit=limit)


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LINGER_S", 0.01)
    monkeypatch.setattr(module, "RETRY_S", 0.01)


@pytest_asyncio.fixture
async def transactions(tmp_path: Path) -> AsyncIterator[Away]:
    store = SqliteStore(tmp_path / "wajah.db")
    await store.start()
    yield Away(store.transactions)
    await store.stop()


def verification(client_id: str = "c1") -> Envelope:
    payload = Verify(gallery_id="staff", user_id="u1", image=IMAGE)
    return Envelope.of(payload, client_id=client_id, deadline=time.time() + 10, trx_id="trx")


def reply_to(envelope: Envelope) -> Reply:
    return Reply(
        job=envelope.job, job_id=envelope.job_id, results=dict(envelope.results), timings_ms=dict(envelope.timings_ms)
    )


def verified(envelope: Envelope, *, match: bool = True) -> Reply:
    done = envelope.advanced(result=None, elapsed_ms=4.0).advanced(
        result=Verified(user_name="Budi", similarity=0.9, verified=match), elapsed_ms=2.0
    )
    return reply_to(done)


def failed(envelope: Envelope, code: Code) -> Reply:
    return Reply(job=envelope.job, job_id=envelope.job_id, error=JobError(code=code, message="no"))


async def recorded(transactions: Transactions, count: int) -> list[Transaction]:
    async with asyncio.timeout(5):
        while len(found := await transactions.find("c1", limit=10_000)) < count:  # noqa: ASYNC110 - asked over and over
            await asyncio.sleep(0.01)
    return found


async def test_a_job_that_ended_leaves_its_record(transactions: Away) -> None:
    recorder = TransactionRecorder(transactions)
    await recorder.start()
    envelope = verification()

    await recorder.record(envelope, verified(envelope))

    (found,) = await recorded(transactions, 1)
    assert (found.job_id, found.job, found.trx_id, found.code) == (envelope.job_id, "verify", "trx", Code.SUCCESS)
    assert (found.gallery_id, found.user_id, found.similarity) == ("staff", "u1", 0.9)
    assert found.timings_ms == {Stage.EMBED.value: 4.0, Stage.MATCH_VERIFY.value: 2.0}
    await recorder.stop()


async def test_records_wait_for_a_store_that_is_away(transactions: Away) -> None:
    recorder = TransactionRecorder(transactions)
    await recorder.start()
    transactions.away = True
    envelopes = [verification() for _ in range(module.BATCH + 5)]

    for envelope in envelopes:
        await recorder.record(envelope, verified(envelope))
    await asyncio.wait_for(transactions.refused.wait(), 5)
    transactions.away = False

    found = await recorded(transactions, len(envelopes))
    assert {each.job_id for each in found} == {envelope.job_id for envelope in envelopes}
    assert recorder.lost == 0
    await recorder.stop()


async def test_an_orderly_stop_loses_nothing(transactions: Away) -> None:
    recorder = TransactionRecorder(transactions)
    await recorder.start()
    envelopes = [verification() for _ in range(module.BATCH * 2 + 1)]
    for envelope in envelopes:
        await recorder.record(envelope, verified(envelope))

    await recorder.stop()

    assert len(await transactions.find("c1", limit=10_000)) == len(envelopes)


async def test_a_stop_does_not_wait_for_a_store_that_is_away(transactions: Away) -> None:
    recorder = TransactionRecorder(transactions)
    await recorder.start()
    transactions.away = True
    envelope = verification()
    await recorder.record(envelope, verified(envelope))

    await asyncio.wait_for(recorder.stop(), 5)

    assert await transactions.find("c1") == []


async def test_past_the_capacity_records_are_counted_as_lost(transactions: Away) -> None:
    recorder = TransactionRecorder(transactions, capacity=2)

    for envelope in (verification() for _ in range(5)):
        await recorder.record(envelope, verified(envelope))

    assert recorder.lost == 3
    await recorder.stop()
    assert len(await transactions.find("c1")) == 2


def test_a_face_of_somebody_else_is_recorded_as_not_verified() -> None:
    envelope = verification()

    assert transaction_of(envelope, verified(envelope, match=False)).code is Code.NOT_VERIFIED


@pytest.mark.parametrize(
    ("best", "code", "user_id"),
    [(Candidate(user_id="u7", user_name="Siti", similarity=0.8), Code.SUCCESS, "u7"), (None, Code.NOT_VERIFIED, None)],
)
def test_who_was_identified_is_recorded(best: Candidate | None, code: Code, user_id: str | None) -> None:
    envelope = Envelope.of(Identify(gallery_id="staff", image=IMAGE), client_id="c1", deadline=time.time() + 10)
    found = Identified(best=best, similarity=0.8)

    record = transaction_of(envelope, reply_to(envelope.advanced(elapsed_ms=1.0).advanced(result=found, elapsed_ms=1.0)))

    assert (record.code, record.user_id, record.similarity) == (code, user_id, 0.8)


def test_a_failure_is_recorded_with_its_code() -> None:
    envelope = verification()

    record = transaction_of(envelope, failed(envelope, Code.FACE_NOT_DETECTED))

    assert (record.code, record.similarity) == (Code.FACE_NOT_DETECTED, None)


def test_no_record_holds_the_image() -> None:
    envelope = verification()

    assert IMAGE not in repr(transaction_of(envelope, verified(envelope))).encode()
