"""The worker's rules, one by one, on the bus of one process."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from prometheus_client import REGISTRY
from wajah.contracts.envelope import Envelope, Reply
from wajah.contracts.errors import Code, WajahError
from wajah.contracts.framing import JSON_TYPE, decode, encode
from wajah.contracts.jobs import Enrol, Identify, ListFaces, Payload
from wajah.contracts.results import Embedded, Enrolled, Identified
from wajah.contracts.stages import Stage, Step
from wajah.messaging.bus import BusError, Message, ReturnAddress
from wajah.messaging.slip import Source, Worker
from wajah.messaging.topology import DELIVERY_LIMIT, Queue, Topology

from tests.unit.messaging.worked_stages import FlakyBus, Stages

IDENTIFY = Identify(gallery_id="g", image=b"image")
ENROL = Enrol(gallery_id="g", user_id="u", user_name="U", image=b"image")
LIST = ListFaces(gallery_id="g")


@pytest.fixture
def topology() -> Topology:
    return Topology(1)


@pytest_asyncio.fixture
async def bus(topology: Topology) -> AsyncIterator[FlakyBus]:
    bus = FlakyBus(topology)
    await bus.start()
    yield bus
    await bus.stop()


@pytest.fixture
def stages() -> Stages:
    return Stages()


@pytest.fixture
def finished() -> list[tuple[Envelope, Reply]]:
    return []


@pytest_asyncio.fixture
async def worker(
    bus: FlakyBus, topology: Topology, stages: Stages, finished: list[tuple[Envelope, Reply]]
) -> AsyncIterator[Worker]:
    async def record(envelope: Envelope, reply: Reply) -> None:
        finished.append((envelope, reply))

    worker = Worker(bus, topology, stages.table(), on_finished=record)
    await worker.start([Source(queue, 16) for queue in topology.queues()])
    yield worker
    await worker.drain()


pytestmark = pytest.mark.usefixtures("worker")


def envelope(job: Payload = LIST, **changes: object) -> Envelope:
    return Envelope.of(job, client_id="c", trx_id="t", deadline=time.time() + 5).model_copy(update=changes)


async def ask(bus: FlakyBus, queue: Queue, sent: Envelope) -> Reply:
    return await bus.request(queue, Message(encode(sent), time.time() + 5))


async def error_of(bus: FlakyBus, queue: Queue, sent: Envelope) -> WajahError:
    reply = await ask(bus, queue, sent)
    assert reply.error is not None
    return WajahError.from_data(reply.error)


async def test_the_reply_has_every_stages_result_without_binaries(bus: FlakyBus, topology: Topology) -> None:
    sent = envelope(IDENTIFY)

    reply = await ask(bus, topology.embed, sent)

    assert (reply.job, reply.job_id, reply.error) == ("identify", sent.job_id, None)
    assert reply.result(Identified).similarity == 0.25
    assert "template" not in reply.results[Stage.EMBED]
    assert set(reply.timings_ms) == {Stage.EMBED, Stage.MATCH_IDENTIFY}
    assert reply.timings_ms[Stage.EMBED] >= 4


async def test_the_image_does_not_travel_on(bus: FlakyBus, topology: Topology, stages: Stages) -> None:
    await ask(bus, topology.embed, envelope(ENROL))

    queue, message = bus.published[-1]
    assert queue == topology.shard(0).writes
    assert b"image" not in message.body.replace(b'"image"', b"")
    assert stages.jobs[-1].result(Embedded).template == b"template"


async def test_the_job_goes_on_with_its_deadline_and_return_address(bus: FlakyBus, topology: Topology) -> None:
    sent = envelope(IDENTIFY)

    await ask(bus, topology.embed, sent)

    (_, first), (_, second) = bus.published
    assert second.deadline == sent.deadline
    assert second.return_address == first.return_address


async def test_a_stages_refusal_is_the_reply(bus: FlakyBus, topology: Topology, stages: Stages) -> None:
    stages.error = WajahError(Code.FACE_NOT_DETECTED, retry_after_s=None)

    reply = await ask(bus, topology.embed, envelope(IDENTIFY))

    assert reply.error is not None
    assert reply.error.code is Code.FACE_NOT_DETECTED
    assert list(reply.timings_ms) == [Stage.EMBED]
    assert [job.envelope.next_stage for job in stages.jobs] == [Stage.EMBED]


async def test_a_crash_in_a_stage_is_a_500_that_tells_nothing(bus: FlakyBus, topology: Topology, stages: Stages) -> None:
    stages.error = RuntimeError("the secret is 42")

    error = await error_of(bus, topology.embed, envelope(IDENTIFY))

    assert (error.code, error.message) == (Code.SERVER_ERROR, "Server error")


async def test_a_step_may_fail_and_let_the_job_go_on(bus: FlakyBus, topology: Topology, stages: Stages) -> None:
    stages.error = WajahError(Code.FACE_TOO_SMALL)
    steps = (Step(stage=Stage.FACE_LIST, on_error="continue"), Step(stage=Stage.MATCH_IDENTIFY))

    reply = await ask(bus, topology.shard(0).reads, envelope(IDENTIFY, slip=steps))

    assert reply.error is None
    assert reply.failures[Stage.FACE_LIST].code is Code.FACE_TOO_SMALL
    assert reply.result(Identified).similarity == 0.25


async def test_a_payload_that_does_not_fit_the_job_is_refused(bus: FlakyBus, topology: Topology, stages: Stages) -> None:
    error = await error_of(bus, topology.shard(0).reads, envelope(payload={"gallery_id": 7}))

    assert (error.code, error.message) == (Code.MALFORMED, "Request malformed: gallery_id")
    assert stages.jobs == []


async def test_a_stage_that_is_not_done_here_is_refused(bus: FlakyBus, topology: Topology) -> None:
    steps = (Step(stage=Stage.MATCH_SEARCH),)

    error = await error_of(bus, topology.embed, envelope(slip=steps))

    assert (error.code, error.message) == (Code.MALFORMED, "Request malformed: no stage match.search here")


async def test_what_is_no_job_is_answered(bus: FlakyBus, topology: Topology) -> None:
    reply = await bus.request(topology.embed, Message(b"no job", time.time() + 5))

    assert reply.error is not None
    assert reply.error.code is Code.MALFORMED
    assert (reply.job, reply.job_id) == (None, "")


async def test_what_is_no_job_and_has_no_return_address_is_parked_without_its_bytes(
    bus: FlakyBus, topology: Topology
) -> None:
    await bus.publish(topology.embed, Message(b'{"image": "..."', time.time() + 5, JSON_TYPE))
    await asyncio.sleep(0.05)

    (letter,) = bus.dead_letters
    assert letter.message.body == b""
    assert letter.queue == topology.embed.name
    assert letter.reason == "Request malformed: not a job (15 bytes of application/json)"


async def test_a_late_job_is_answered_without_work(
    bus: FlakyBus, topology: Topology, stages: Stages, finished: list[tuple[Envelope, Reply]]
) -> None:
    error = await error_of(bus, topology.shard(0).reads, envelope(deadline=time.time() - 1))

    assert (error.code, error.message) == (Code.BUSY, "Deadline exceeded, try again later")
    assert stages.jobs == []
    assert len(finished) == 1


async def test_a_job_whose_next_hop_refuses_is_answered(bus: FlakyBus, topology: Topology, stages: Stages) -> None:
    bus.refusals = 1

    error = await error_of(bus, topology.embed, envelope(IDENTIFY))

    assert error.code is Code.BUSY
    assert error.retry_after_s == 1.0
    assert [job.envelope.next_stage for job in stages.jobs] == [Stage.EMBED]


async def test_a_job_without_a_return_address_is_done_all_the_same(
    bus: FlakyBus, topology: Topology, finished: list[tuple[Envelope, Reply]]
) -> None:
    sent = envelope(ENROL)

    await bus.publish(topology.embed, Message(encode(sent), sent.deadline))
    await asyncio.sleep(0.1)

    ((envelope_, reply),) = finished
    assert envelope_.job_id == reply.job_id == sent.job_id
    assert reply.result(Enrolled).user_id == "u"


async def test_what_is_recorded_holds_neither_image_nor_template(
    bus: FlakyBus, topology: Topology, finished: list[tuple[Envelope, Reply]], stages: Stages
) -> None:
    await ask(bus, topology.embed, envelope(IDENTIFY))
    stages.error = WajahError(Code.FACE_NOT_DETECTED)
    await ask(bus, topology.embed, envelope(IDENTIFY))
    await asyncio.sleep(0.01)

    assert len(finished) == 2
    for recorded, _ in finished:
        values = [*recorded.payload.values(), *(value for fields in recorded.results.values() for value in fields.values())]
        assert not any(isinstance(value, bytes) for value in values)
        assert recorded.trx_id == "t"


async def test_a_failure_to_record_never_hurts_the_job(bus: FlakyBus, topology: Topology, stages: Stages) -> None:
    async def fail(_envelope: Envelope, _reply: Reply) -> None:
        raise RuntimeError("the store is down")

    quiet = Topology(1, prefix="quiet")
    other = FlakyBus(quiet)
    await other.start()
    worker = Worker(other, quiet, stages.table(), on_finished=fail)
    await worker.start([Source(queue, 16) for queue in quiet.queues()])

    reply = await ask(other, quiet.shard(0).reads, envelope())
    await worker.drain()

    assert reply.error is None
    assert len(stages.jobs) == 1


async def test_a_job_that_came_back_runs_again_with_one_more_attempt(topology: Topology, stages: Stages) -> None:
    class LosingBus(FlakyBus):
        """Loses the first reply on the way to the broker."""

        async def reply(self, address: ReturnAddress, reply: Reply) -> None:
            if not stages.jobs[1:]:
                raise BusError
            await super().reply(address, reply)

    bus = LosingBus(topology)
    await bus.start()
    worker = Worker(bus, topology, stages.table())
    await worker.start([Source(queue, 16) for queue in topology.queues()])

    reply = await ask(bus, topology.shard(0).writes, envelope())
    await worker.drain()

    assert reply.error is None
    assert [job.envelope.attempts for job in stages.jobs] == [0, 1]


async def test_past_the_delivery_limit_a_job_is_parked_and_the_caller_told(topology: Topology, stages: Stages) -> None:
    class Deaf(FlakyBus):
        """Takes no reply but the last."""

        async def reply(self, address: ReturnAddress, reply: Reply) -> None:
            if reply.error is None:
                raise BusError
            await super().reply(address, reply)

    bus = Deaf(topology)
    await bus.start()
    worker = Worker(bus, topology, stages.table())
    await worker.start([Source(queue, 16) for queue in topology.queues()])
    sent = envelope(ENROL, results={Stage.EMBED: {"template": b"template"}}, slip=(Step(stage=Stage.MATCH_ENROL),))

    error = await error_of(bus, topology.shard(0).writes, sent)
    await worker.drain()

    assert error.code is Code.SERVER_ERROR
    assert [job.envelope.attempts for job in stages.jobs] == list(range(DELIVERY_LIMIT + 1))
    (letter,) = bus.dead_letters
    parked = decode(letter.message.body, letter.message.content_type)
    assert parked.job_id == sent.job_id
    assert parked.results[Stage.EMBED]["template"] == b"template"


async def test_a_parked_read_keeps_no_image(topology: Topology, stages: Stages) -> None:
    class Deaf(FlakyBus):
        async def reply(self, address: ReturnAddress, reply: Reply) -> None:
            if reply.error is None or reply.error.code is not Code.SERVER_ERROR or "given up" not in reply.error.message:
                raise BusError
            await super().reply(address, reply)

    stages.error = WajahError(Code.IMAGE_ERROR)
    bus = Deaf(topology)
    await bus.start()
    worker = Worker(bus, topology, stages.table())
    await worker.start([Source(queue, 16) for queue in topology.queues()])

    await ask(bus, topology.embed, envelope(IDENTIFY))
    await worker.drain()

    (letter,) = bus.dead_letters
    assert "image" not in decode(letter.message.body, letter.message.content_type).payload


async def test_a_suspect_is_never_beside_another_job(bus: FlakyBus, topology: Topology, stages: Stages) -> None:
    suspects = [envelope(attempts=1) for _ in range(5)]
    others = [envelope() for _ in range(5)]

    replies = await asyncio.gather(
        *(ask(bus, topology.shard(0).reads, sent) for pair in zip(others, suspects, strict=True) for sent in pair)
    )

    assert [reply.error for reply in replies] == [None] * 10
    alone = [job for job in stages.jobs if job.envelope.attempts]
    assert len(alone) == 5
    assert stages.most_at_once <= 5


async def test_draining_finishes_what_is_in_hand_and_takes_no_more(
    bus: FlakyBus, topology: Topology, stages: Stages, worker: Worker
) -> None:
    asking = asyncio.create_task(ask(bus, topology.shard(0).reads, envelope()))
    await asyncio.sleep(0.002)
    assert stages.running == 1

    await worker.drain()

    assert (await asking).error is None
    late = envelope(deadline=time.time() + 0.1)
    with pytest.raises(WajahError, match="Deadline"):
        await bus.request(topology.shard(0).reads, Message(encode(late), late.deadline))
    assert len(stages.jobs) == 1


async def test_jobs_are_counted_by_stage_and_outcome(bus: FlakyBus, topology: Topology, stages: Stages) -> None:
    def count(stage: str, code: str) -> float:
        return REGISTRY.get_sample_value("wajah_jobs_total", {"stage": stage, "code": code}) or 0.0

    before = [count("embed", "200"), count("match.identify", "200"), count("embed", "412")]

    await ask(bus, topology.embed, envelope(IDENTIFY))
    stages.error = WajahError(Code.FACE_NOT_DETECTED)
    await ask(bus, topology.embed, envelope(IDENTIFY))

    await asyncio.sleep(0.01)
    after = [count("embed", "200"), count("match.identify", "200"), count("embed", "412")]
    assert [b - a for a, b in zip(before, after, strict=True)] == [1, 1, 1]
    assert REGISTRY.get_sample_value("wajah_jobs_in_flight", {"stage": "embed"}) == 0
