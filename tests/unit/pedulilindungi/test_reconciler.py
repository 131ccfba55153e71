"""Accepted there and failed here: the job is brought to its end, and the caller who tries again is served."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from matcher.service import MatcherService
from matcher.settings import MatcherSettings
from pedulilindungi import reconciler
from pedulilindungi.reconciler import RECONCILED
from pedulilindungi.service import PeduliLindungiService
from wajah.contracts.envelope import Envelope
from wajah.contracts.errors import Code, WajahError
from wajah.contracts.framing import decode, encode
from wajah.contracts.results import Registered
from wajah.contracts.stages import Stage
from wajah.messaging.bus import Delivery, Message
from wajah.messaging.inprocess import InProcessBus
from wajah.messaging.topology import Topology
from wajah.storage.connect import open_store
from wajah.storage.ports import Settlement, Store, UpstreamCall

from tests.stand_ins.pedulilindungi.app import REGISTER_PATH
from tests.stand_ins.pedulilindungi.serving import StandIn
from tests.stand_ins.pedulilindungi.state import Behaviour
from tests.unit.matcher.faces import GALLERY, MODEL, client
from tests.unit.pedulilindungi.jobs import NAME, NIK, enrolment, verification
from tests.waiting import until

TOPOLOGY = Topology(2)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = open_store(f"sqlite:///{tmp_path / 'wajah.db'}")
    await store.start()
    await store.clients.add(client())
    await store.models.register(MODEL)
    await store.galleries.create(GALLERY, "first job")
    yield store
    await store.stop()


@pytest.fixture
async def bus() -> AsyncIterator[InProcessBus]:
    bus = InProcessBus(TOPOLOGY)
    await bus.start()
    yield bus
    await bus.stop()


@pytest.fixture
async def connector(pl: StandIn, bus: InProcessBus, store: Store) -> AsyncIterator[PeduliLindungiService]:
    service = PeduliLindungiService(pl.settings(), bus, store, TOPOLOGY)
    await service.start()
    yield service
    await service.drain()
    await service.stop()


@pytest.fixture
async def matcher(bus: InProcessBus, store: Store) -> AsyncIterator[MatcherService]:
    """Not started."""
    service = MatcherService(MatcherSettings(search_threads=1), bus, store, TOPOLOGY)
    yield service
    await service.drain()
    await service.stop()


async def ask(bus: InProcessBus, envelope: Envelope) -> Code:
    """How a job ends for its caller."""
    try:
        reply = await bus.request(TOPOLOGY.queue_of(envelope), Message(encode(envelope), envelope.deadline))
    except WajahError as error:
        return error.code
    return Code.SUCCESS if reply.error is None else reply.error.code


async def leave_unfinished(bus: InProcessBus, store: Store, job_id: str) -> None:
    """As a worker does with a job that failed after it was accepted."""
    envelope = enrolment(job_id)
    await begin(store, job_id)
    await store.upstream_calls.end(job_id, Stage.PL_REGISTER, Code.SUCCESS, "", {"success": True})
    advanced = envelope.advanced(result=Registered(answer={"success": True}), elapsed_ms=1.0)
    await bus.publish(TOPOLOGY.unfinished, Message(encode(advanced), time.time() + 5))


async def settled(store: Store, job_id: str) -> Settlement:
    """What became of a job that does not stay open."""
    for _ in range(750):
        call = await store.upstream_calls.get(job_id, Stage.PL_REGISTER)
        if call is not None and call.settlement is not Settlement.OPEN:
            return call.settlement
        await asyncio.sleep(0.02)
    raise TimeoutError


async def test_an_enrolment_that_goes_well_is_finished_at_once(
    connector: PeduliLindungiService, matcher: MatcherService, bus: InProcessBus, store: Store
) -> None:
    await matcher.start()

    told = await ask(bus, enrolment("job"))

    assert told is Code.SUCCESS
    assert await settled(store, "job") is Settlement.FINISHED


async def test_a_job_that_the_matcher_found_too_late_is_finished_and_the_next_attempt_succeeds(
    connector: PeduliLindungiService, matcher: MatcherService, bus: InProcessBus, store: Store, pl: StandIn
) -> None:
    told = await ask(bus, enrolment("job", deadline_s=0.5))
    await matcher.start()
    outcome = await settled(store, "job")
    reconciled = await store.faces.get(GALLERY, NIK)

    again = await ask(bus, enrolment("next attempt", checked=False))
    once_more = await ask(bus, enrolment("yet another", checked=False))

    assert (told, outcome) == (Code.BUSY, Settlement.RECONCILED)
    assert reconciled is not None
    assert reconciled.job_id == "job"
    assert again is Code.SUCCESS
    assert await settled(store, "next attempt") is Settlement.FINISHED
    assert await settled(store, "job") is Settlement.SUPERSEDED
    assert once_more is Code.MALFORMED
    assert pl.state.count(REGISTER_PATH, NIK) == 1


async def test_a_caller_who_was_quicker_than_the_reconciler_supersedes_the_job(
    connector: PeduliLindungiService, matcher: MatcherService, bus: InProcessBus, store: Store, pl: StandIn
) -> None:
    await ask(bus, enrolment("job", deadline_s=0.5))
    trying_again = asyncio.create_task(ask(bus, enrolment("next attempt")))
    await asyncio.sleep(0.2)

    await matcher.start()

    assert await trying_again is Code.SUCCESS
    assert await settled(store, "job") is Settlement.SUPERSEDED
    face = await store.faces.get(GALLERY, NIK)
    assert face is not None
    assert face.job_id == "next attempt"
    assert pl.state.count(REGISTER_PATH, NIK) == 1


async def test_a_job_waits_for_a_matcher(
    connector: PeduliLindungiService, matcher: MatcherService, bus: InProcessBus, store: Store
) -> None:
    await leave_unfinished(bus, store, "job")
    await asyncio.sleep(0.1)
    await matcher.start()

    assert await settled(store, "job") is Settlement.RECONCILED
    assert await store.faces.get(GALLERY, NIK) is not None


async def test_what_can_not_be_written_any_more_is_left_to_an_operator(
    connector: PeduliLindungiService, matcher: MatcherService, bus: InProcessBus, store: Store
) -> None:
    await store.galleries.delete(GALLERY, "deletion")
    await matcher.start()

    await leave_unfinished(bus, store, "job")

    assert await settled(store, "job") is Settlement.ABANDONED
    await until(lambda: bool(bus.dead_letters))
    assert "registered at PeduliLindungi" in bus.dead_letters[0].reason


async def test_a_job_that_is_settled_is_left_alone(
    connector: PeduliLindungiService, matcher: MatcherService, bus: InProcessBus, store: Store
) -> None:
    await matcher.start()
    await ask(bus, enrolment("next attempt"))
    await store.faces.delete(GALLERY, NIK, "deletion")

    await leave_unfinished(bus, store, "next attempt")
    await leave_unfinished(bus, store, "marker")

    assert await settled(store, "marker") is Settlement.RECONCILED
    face = await store.faces.get(GALLERY, NIK)
    assert face is not None
    assert face.job_id == "marker"


async def begin(store: Store, job_id: str) -> None:
    call = UpstreamCall(job_id, Stage.PL_REGISTER, GALLERY, NIK, NAME, datetime.now(UTC))
    await store.upstream_calls.begin(call)


async def test_what_a_connector_noted_and_did_not_pass_on_is_finished_when_it_is_back(
    connector: PeduliLindungiService, matcher: MatcherService, bus: InProcessBus, store: Store
) -> None:
    """Given a connector that died after the answer, and comes back past the deadline."""
    await matcher.start()
    await begin(store, "job")
    await store.upstream_calls.end("job", Stage.PL_REGISTER, Code.SUCCESS, "", {"success": True})
    late = enrolment("job", deadline_s=-1).model_copy(update={"attempts": 1})

    await bus.publish(TOPOLOGY.pedulilindungi.writes, Message(encode(late), time.time() + 5))

    assert await settled(store, "job") is Settlement.RECONCILED
    assert await store.faces.get(GALLERY, NIK) is not None


async def test_where_nothing_was_accepted_nothing_is_written(
    connector: PeduliLindungiService, matcher: MatcherService, bus: InProcessBus, store: Store
) -> None:
    await matcher.start()
    await begin(store, "job")
    told = RECONCILED.labels("nothing accepted")
    before = told._value.get()

    await bus.publish(TOPOLOGY.unfinished, Message(encode(enrolment("job")), time.time() + 5))
    await until(lambda: told._value.get() == before + 1)

    assert await store.faces.get(GALLERY, NIK) is None
    assert not bus.dead_letters


async def test_a_job_of_somebody_else_is_parked(connector: PeduliLindungiService, bus: InProcessBus) -> None:
    await bus.publish(TOPOLOGY.unfinished, Message(encode(verification("visit")), time.time() + 5))

    await until(lambda: bool(bus.dead_letters))
    assert bus.dead_letters[0].reason == "nobody finishes pl.checkin"


async def test_force_pl_goes_on_after_a_refusal_and_leaves_nothing_open(
    connector: PeduliLindungiService, matcher: MatcherService, bus: InProcessBus, store: Store, pl: StandIn
) -> None:
    pl.tell(NIK, Behaviour.REJECTED)
    await matcher.start()

    told = await ask(bus, enrolment("job", force_pl=True))

    assert told is Code.SUCCESS
    assert await store.faces.get(GALLERY, NIK) is not None
    assert await store.upstream_calls.overdue(Stage.PL_REGISTER, datetime.now(UTC)) == []


async def test_a_connector_that_ends_keeps_no_job(
    connector: PeduliLindungiService, bus: InProcessBus, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a matcher that does not come, when the connector ends between two attempts, then the job is in the queue."""
    monkeypatch.setattr(reconciler, "ATTEMPT_S", 0.1)
    monkeypatch.setattr(reconciler, "FIRST_PAUSE_S", 60.0)
    await leave_unfinished(bus, store, "job")
    await asyncio.sleep(0.3)

    async with asyncio.timeout(5):
        await connector.drain()

    received: asyncio.Queue[bytes] = asyncio.Queue()

    async def receive(delivery: Delivery) -> None:
        await received.put(delivery.message.body)

    await bus.consume(TOPOLOGY.unfinished, receive, prefetch=1)
    async with asyncio.timeout(5):
        assert decode(await received.get(), None).job_id == "job"
