"""A job that fails after what can't be undone is not lost: it is left for the owner of that stage to finish."""

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from wajah.contracts.envelope import Envelope, Job, Reply
from wajah.contracts.errors import Code, WajahError
from wajah.contracts.framing import decode, encode
from wajah.contracts.jobs import EnrolAtPl
from wajah.contracts.results import Checked, Embedded, Enrolled, FaceBox, Registered, Result
from wajah.contracts.stages import Stage, Step
from wajah.messaging.bus import Delivery, Message
from wajah.messaging.inprocess import InProcessBus
from wajah.messaging.slip import Source, StageHandler, Worker
from wajah.messaging.topology import Topology

from tests.waiting import until

TOPOLOGY = Topology(1)
TEMPLATE = b"a template"


def at_check(*, force_pl: bool = False) -> Envelope:
    payload = EnrolAtPl(gallery_id="g", user_id="nik", user_name="n", image=b"", force_pl=force_pl)
    new = Envelope.of(payload, client_id="c", deadline=time.time() + 5)
    box = FaceBox(left=0, top=0, right=1, bottom=1)
    embedded = Embedded(template=TEMPLATE, dimension=1, model_id="m", masked=False, box=box, faces=1, detection_score=1.0)
    return new.advanced(result=embedded, elapsed_ms=1.0)


async def check(_job: Job[Any]) -> Result:
    return Checked(replaces=False)


async def register(_job: Job[Any]) -> Result:
    return Registered(answer={"success": True})


async def enrol(job: Job[Any]) -> Result:
    return Enrolled(user_id=job.payload.user_id, replaced=False)


async def refuse(_job: Job[Any]) -> Result:
    raise WajahError(Code.PL_REJECTED, answer={"success": False})


async def crash(_job: Job[Any]) -> Result:
    raise RuntimeError


class Platform:
    """A worker for each stage, and what is left unfinished."""

    def __init__(self, bus: InProcessBus) -> None:
        self.bus = bus
        self._workers: list[Worker] = []
        self.unfinished: list[Envelope] = []

    async def start(self, handlers: dict[Stage, StageHandler]) -> None:
        worker = Worker(self.bus, TOPOLOGY, handlers)
        self._workers.append(worker)
        shard, connector = TOPOLOGY.shard(0), TOPOLOGY.pedulilindungi
        await worker.start([Source(queue, 8) for queue in (shard.reads, shard.writes, connector.reads, connector.writes)])
        await self.bus.consume(TOPOLOGY.unfinished, self._receive, prefetch=8)

    async def _receive(self, delivery: Delivery) -> None:
        assert delivery.message.return_address is None
        self.unfinished.append(decode(delivery.message.body, delivery.message.content_type))

    async def ask(self, envelope: Envelope) -> Reply:
        return await self.bus.request(TOPOLOGY.queue_of(envelope), Message(encode(envelope), envelope.deadline))

    async def stop(self) -> None:
        for worker in self._workers:
            await worker.drain()


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    bus = InProcessBus(TOPOLOGY)
    await bus.start()
    platform = Platform(bus)
    yield platform
    await platform.stop()
    await bus.stop()


HANDLERS: dict[Stage, StageHandler] = {
    Stage.MATCH_CHECK: check,
    Stage.PL_REGISTER: register,
    Stage.MATCH_ENROL: enrol,
}


async def test_a_job_that_goes_well_leaves_nothing(platform: Platform) -> None:
    await platform.start(HANDLERS)

    reply = await platform.ask(at_check())

    assert reply.error is None
    assert platform.unfinished == []


@pytest.mark.parametrize(("failing", "code"), [(refuse, Code.PL_REJECTED), (crash, Code.SERVER_ERROR)])
async def test_a_failure_after_the_acceptance_is_told_and_left_to_be_finished(
    failing: StageHandler, code: Code, platform: Platform
) -> None:
    await platform.start(HANDLERS | {Stage.MATCH_ENROL: failing})

    reply = await platform.ask(at_check())
    await until(lambda: bool(platform.unfinished))

    assert reply.error is not None
    assert reply.error.code is code
    [left] = platform.unfinished
    assert left.slip == (Step(stage=Stage.MATCH_ENROL),)
    assert left.results[Stage.EMBED]["template"] == TEMPLATE
    assert left.results[Stage.PL_REGISTER]["answer"] == {"success": True}


@pytest.mark.parametrize("failing", [Stage.MATCH_CHECK, Stage.PL_REGISTER])
async def test_a_failure_before_it_leaves_nothing(failing: Stage, platform: Platform) -> None:
    await platform.start(HANDLERS | {failing: refuse})

    reply = await platform.ask(at_check())

    assert reply.error is not None
    assert reply.error.answer == {"success": False}
    assert platform.unfinished == []


async def test_with_force_pl_a_refusal_is_kept_and_the_job_goes_on(platform: Platform) -> None:
    await platform.start(HANDLERS | {Stage.PL_REGISTER: refuse})

    reply = await platform.ask(at_check(force_pl=True))

    assert reply.error is None
    assert reply.find(Enrolled) is not None
    assert reply.failures[Stage.PL_REGISTER].answer == {"success": False}


async def test_a_refusal_that_was_passed_over_leaves_nothing_when_the_rest_fails(platform: Platform) -> None:
    await platform.start(HANDLERS | {Stage.PL_REGISTER: refuse, Stage.MATCH_ENROL: crash})

    reply = await platform.ask(at_check(force_pl=True))

    assert reply.error is not None
    assert platform.unfinished == []


async def test_a_job_that_came_too_late_after_the_acceptance_is_left_to_be_finished(platform: Platform) -> None:
    accepted = at_check().advanced(result=Checked(replaces=False), elapsed_ms=1.0)
    accepted = accepted.advanced(result=Registered(answer={}), elapsed_ms=1.0).model_copy(
        update={"deadline": time.time() - 1}
    )
    await platform.bus.publish(TOPOLOGY.queue_of(accepted), Message(encode(accepted), time.time() + 5))

    await platform.start(HANDLERS)

    await until(lambda: bool(platform.unfinished))
    assert platform.unfinished[0].job_id == accepted.job_id


@pytest.mark.parametrize("attempts", [0, 1])
async def test_a_late_job_that_a_worker_died_with_while_it_asked_is_left_to_be_looked_into(
    attempts: int, platform: Platform
) -> None:
    late = at_check().advanced(result=Checked(replaces=False), elapsed_ms=1.0)
    late = late.model_copy(update={"deadline": time.time() - 1, "attempts": attempts})
    await platform.bus.publish(TOPOLOGY.queue_of(late), Message(encode(late), time.time() + 5))

    await platform.start(HANDLERS)
    await platform.ask(at_check())

    assert [left.job_id for left in platform.unfinished] == [late.job_id] * attempts


@pytest.mark.parametrize("field", [True, False])
def test_force_pl_changes_the_itinerary_whoever_publishes_the_job(field: bool) -> None:
    payload = {"gallery_id": "g", "user_id": "nik", "user_name": "n", "image": "", "force_pl": field}

    envelope = Envelope.model_validate({"job": "pl.enrol", "client_id": "c", "payload": payload})

    passed_over = [step.stage for step in envelope.slip if step.on_error == "continue"]
    assert passed_over == ([Stage.PL_REGISTER] if field else [])
