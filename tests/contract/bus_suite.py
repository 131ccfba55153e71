"""What every bus must do. Each implementation inherits the suite and gives it a started bus on queues of its own."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest
from wajah.contracts.envelope import Envelope, Reply
from wajah.contracts.errors import Code, DeadlineExceeded, WajahError
from wajah.contracts.framing import encode
from wajah.contracts.jobs import DeleteFace, Enrol, Identify
from wajah.contracts.results import Embedded, Enrolled, FaceBox, FaceDeleted, Identified, Result
from wajah.contracts.stages import Stage, Step
from wajah.messaging.bus import Bus, BusError, Delivery, Message, ReturnAddress
from wajah.messaging.caller import Jobs
from wajah.messaging.slip import Source, Worker
from wajah.messaging.topology import DELIVERY_LIMIT, Queue, Topology

IMAGE = bytes(range(256)) * 240  # 60 KB


def message(body: bytes = b"", *, within_s: float = 5.0) -> Message:
    return Message(body, deadline=time.time() + within_s)


async def until(condition: Callable[[], bool], *, within_s: float = 5.0) -> None:
    """Wait for something that is about to become true. Raises TimeoutError."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)


async def first(letters: Callable[[], Awaitable[list[bytes]]]) -> list[bytes]:
    """The dead letters, as soon as there are any: brokers move them in their own time."""
    async with asyncio.timeout(5):
        while not (found := await letters()):  # noqa: ASYNC110 - asked over and over
            await asyncio.sleep(0.02)
    return found


class Recorder:
    """A handler that keeps what it was given, and fails as often as it is told to."""

    def __init__(self, *, failures: int = 0, takes_s: float = 0.0) -> None:
        self.deliveries: list[Delivery] = []
        self.running = 0
        self.most_at_once = 0
        self._failures = failures
        self._takes_s = takes_s

    @property
    def bodies(self) -> list[bytes]:
        return [delivery.message.body for delivery in self.deliveries]

    async def __call__(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)
        self.running += 1
        self.most_at_once = max(self.most_at_once, self.running)
        try:
            await asyncio.sleep(self._takes_s)
            if len(self.deliveries) <= self._failures:
                raise RuntimeError("the handler fails")
        finally:
            self.running -= 1


async def embed(_job: object) -> Result:
    box = FaceBox(left=0, top=0, right=10, bottom=10)
    return Embedded(template=b"t" * 2048, dimension=512, model_id="m", masked=False, box=box, faces=1, detection_score=0.9)


class BusSuite:
    """Subclasses give the fixtures `topology`, `bus` (started) and `dead_letters` (a function that reads that queue)."""

    @pytest.fixture
    def reads(self, topology: Topology) -> Queue:
        return topology.shard(0).reads

    @pytest.fixture
    def writes(self, topology: Topology) -> Queue:
        return topology.shard(0).writes

    async def echo(self, bus: Bus, queue: Queue, prefetch: int = 64) -> None:
        async def handler(delivery: Delivery) -> None:
            address = delivery.message.return_address
            assert address is not None
            await bus.reply(address, Reply(job_id=delivery.message.body.decode()))

        await bus.consume(queue, handler, prefetch=prefetch)

    async def test_a_started_bus_is_ready(self, bus: Bus) -> None:
        assert bus.ready

    async def test_a_published_message_arrives_whole(self, bus: Bus, topology: Topology) -> None:
        sent = Message(IMAGE, time.time() + 5, "application/json", ReturnAddress("somewhere", "7"))
        recorder = Recorder()

        for queue in topology.queues():
            await bus.publish(queue, sent)
            await bus.consume(queue, recorder, prefetch=1)
        await until(lambda: len(recorder.deliveries) == len(topology.queues()))

        assert {delivery.queue for delivery in recorder.deliveries} == set(topology.queues())
        assert all(delivery.message == sent and not delivery.redelivered for delivery in recorder.deliveries)

    async def test_messages_of_a_queue_arrive_in_order(self, bus: Bus, reads: Queue) -> None:
        recorder = Recorder()
        for number in range(50):
            await bus.publish(reads, message(str(number).encode()))

        await bus.consume(reads, recorder, prefetch=1)
        await until(lambda: len(recorder.deliveries) == 50)

        assert recorder.bodies == [str(number).encode() for number in range(50)]

    async def test_500_requests_in_flight_get_each_its_own_reply(self, bus: Bus, topology: Topology) -> None:
        await self.echo(bus, topology.embed)

        replies = await asyncio.gather(
            *(bus.request(topology.embed, message(str(number).encode(), within_s=30)) for number in range(500))
        )

        assert [reply.job_id for reply in replies] == [str(number) for number in range(500)]

    async def test_a_message_without_a_queue_is_refused_at_once(self, bus: Bus) -> None:
        nowhere = Queue("no-such-queue")

        started = time.monotonic()
        with pytest.raises(BusError):
            await bus.publish(nowhere, message(within_s=60))
        with pytest.raises(BusError):
            await bus.request(nowhere, message(within_s=60))

        assert time.monotonic() - started < 30, "it waited for the deadline"

    async def test_a_message_past_its_deadline_is_not_published(self, bus: Bus, reads: Queue) -> None:
        with pytest.raises(DeadlineExceeded):
            await bus.publish(reads, message(within_s=-1))

    async def test_a_request_ends_at_its_deadline(self, bus: Bus, reads: Queue) -> None:
        with pytest.raises(DeadlineExceeded):
            await bus.request(reads, message(within_s=0.2))

    async def test_a_late_reply_is_nobodys(self, bus: Bus, reads: Queue) -> None:
        addresses: list[ReturnAddress | None] = []

        async def keep(delivery: Delivery) -> None:
            addresses.append(delivery.message.return_address)

        await bus.consume(reads, keep, prefetch=1)
        with pytest.raises(DeadlineExceeded):
            await bus.request(reads, message(within_s=0.2))

        assert addresses[0] is not None
        await bus.reply(addresses[0], Reply(job_id="late"))

    async def test_a_reply_to_a_vanished_caller_is_no_error(self, bus: Bus) -> None:
        await bus.reply(ReturnAddress("amq.gen-vanished", "7"), Reply(job_id="x"))

    async def test_an_expired_read_is_never_delivered(self, bus: Bus, reads: Queue) -> None:
        recorder = Recorder()
        await bus.publish(reads, message(b"early", within_s=0.05))
        await bus.publish(reads, message(b"late"))
        await asyncio.sleep(0.2)

        await bus.consume(reads, recorder, prefetch=10)
        await until(lambda: bool(recorder.deliveries))

        assert recorder.bodies == [b"late"]

    async def test_an_expired_write_is_delivered_to_be_answered(self, bus: Bus, writes: Queue) -> None:
        recorder = Recorder()
        await bus.publish(writes, message(b"write", within_s=0.5))
        await asyncio.sleep(0.6)

        await bus.consume(writes, recorder, prefetch=10)
        await until(lambda: bool(recorder.deliveries))

        assert recorder.deliveries[0].message.deadline < time.time()

    @pytest.mark.parametrize("durable", [False, True])
    async def test_a_message_whose_handler_failed_is_delivered_again(
        self, bus: Bus, reads: Queue, writes: Queue, durable: bool
    ) -> None:
        recorder = Recorder(failures=2)
        queue = writes if durable else reads

        await bus.consume(queue, recorder, prefetch=1)
        await bus.publish(queue, message(b"again"))
        await until(lambda: len(recorder.deliveries) == 3 and not recorder.running)

        assert recorder.bodies == [b"again"] * 3
        assert [delivery.redelivered for delivery in recorder.deliveries] == [False, True, True]

    async def test_a_durable_message_is_a_dead_letter_past_the_delivery_limit(
        self, bus: Bus, writes: Queue, dead_letters: Callable[[], Awaitable[list[bytes]]]
    ) -> None:
        recorder = Recorder(failures=100)

        await bus.consume(writes, recorder, prefetch=1)
        await bus.publish(writes, message(b"poison"))
        await until(lambda: len(recorder.deliveries) == DELIVERY_LIMIT + 1 and not recorder.running)

        assert await first(dead_letters) == [b"poison"]
        assert len(recorder.deliveries) == DELIVERY_LIMIT + 1

    async def test_a_parked_message_is_a_dead_letter(
        self, bus: Bus, reads: Queue, dead_letters: Callable[[], Awaitable[list[bytes]]]
    ) -> None:
        await bus.park(message(b"hopeless"), reads, "it is hopeless")

        assert await first(dead_letters) == [b"hopeless"]

    async def test_a_full_queue_refuses(self, bus: Bus, topology: Topology) -> None:
        full = topology.embed
        outcomes = await asyncio.gather(
            *(bus.publish(full, message(within_s=30)) for _ in range(full.max_length + 200)), return_exceptions=True
        )

        refused = [outcome for outcome in outcomes if outcome is not None]
        assert all(isinstance(outcome, BusError) for outcome in refused)
        assert 150 <= len(refused) <= 200  # RabbitMQ counts in small batches

    async def test_prefetch_bounds_what_a_consumer_has_in_hand(self, bus: Bus, topology: Topology) -> None:
        recorder = Recorder(takes_s=0.02)
        for _ in range(30):
            await bus.publish(topology.embed, message())

        await bus.consume(topology.embed, recorder, prefetch=5)
        await until(lambda: len(recorder.deliveries) == 30 and not recorder.running)

        assert recorder.most_at_once == 5

    async def test_consumers_of_a_queue_share_its_messages(self, bus: Bus, topology: Topology) -> None:
        first, second = Recorder(takes_s=0.01), Recorder(takes_s=0.01)
        await bus.consume(topology.embed, first, prefetch=1)
        await bus.consume(topology.embed, second, prefetch=1)

        for number in range(20):
            await bus.publish(topology.embed, message(str(number).encode()))
        await until(lambda: len(first.deliveries) + len(second.deliveries) == 20)

        assert first.deliveries
        assert second.deliveries
        assert Counter(first.bodies + second.bodies) == Counter(str(number).encode() for number in range(20))

    async def test_a_single_active_consumer_has_it_all_until_it_goes(self, bus: Bus, reads: Queue) -> None:
        owner, standby = Recorder(), Recorder()
        owning = await bus.consume(reads, owner, prefetch=1)
        await bus.consume(reads, standby, prefetch=1)

        for _ in range(10):
            await bus.publish(reads, message(b"first"))
        await until(lambda: len(owner.deliveries) == 10)
        await owning.cancel()
        for _ in range(10):
            await bus.publish(reads, message(b"second"))
        await until(lambda: len(standby.deliveries) == 10)

        assert owner.bodies == [b"first"] * 10
        assert standby.bodies == [b"second"] * 10

    async def test_a_standby_registers_after_the_owner(self, bus: Bus, reads: Queue) -> None:
        owner, standby = Recorder(), Recorder()
        await bus.consume(reads, standby, prefetch=1, standby_s=0.5)
        await bus.consume(reads, owner, prefetch=1)
        await asyncio.sleep(0.7)

        await bus.publish(reads, message())
        await until(lambda: bool(owner.deliveries) or bool(standby.deliveries))

        assert len(owner.deliveries) == 1

    async def test_a_standby_takes_over_where_there_is_no_owner(self, bus: Bus, reads: Queue) -> None:
        standby = Recorder()
        await bus.consume(reads, standby, prefetch=1, standby_s=0.1)

        await bus.publish(reads, message())
        await until(lambda: bool(standby.deliveries))

    async def test_a_cancelled_standby_never_registers(self, bus: Bus, reads: Queue) -> None:
        standby = Recorder()
        subscription = await bus.consume(reads, standby, prefetch=1, standby_s=0.1)
        await subscription.cancel()

        await bus.publish(reads, message())
        await asyncio.sleep(0.3)

        assert not standby.deliveries

    async def test_cancelling_waits_for_what_is_in_hand_and_leaves_the_rest(self, bus: Bus, topology: Topology) -> None:
        recorder, successor = Recorder(takes_s=0.2), Recorder()
        subscription = await bus.consume(topology.embed, recorder, prefetch=3)
        for number in range(10):
            await bus.publish(topology.embed, message(str(number).encode()))
        await until(lambda: recorder.running == 3)

        await subscription.cancel()

        assert recorder.running == 0
        await bus.consume(topology.embed, successor, prefetch=10)
        await until(lambda: len(recorder.deliveries) + len(successor.deliveries) == 10)
        assert not set(recorder.bodies) & set(successor.bodies)

    async def test_requests_in_flight_fail_when_the_bus_stops(self, bus: Bus, reads: Queue) -> None:
        asking = asyncio.create_task(bus.request(reads, message(within_s=60)))
        await asyncio.sleep(0.1)

        await bus.stop()

        with pytest.raises(BusError):
            await asking
        assert not bus.ready
        with pytest.raises(BusError):
            await bus.publish(reads, message())

    async def test_a_consumer_of_no_queue_is_refused(self, bus: Bus) -> None:
        with pytest.raises(BusError):
            await bus.consume(Queue("no-such-queue"), Recorder(), prefetch=1)

        assert bus.ready

    async def test_a_job_travels_its_itinerary_through_two_workers(self, bus: Bus, topology: Topology) -> None:
        finished: list[tuple[Envelope, Reply]] = []
        embedder = Worker(bus, topology, {Stage.EMBED: embed})
        matcher = self.matcher(bus, topology, finished)
        await embedder.start([Source(topology.embed, 16)])
        await matcher.start(self.shards(topology))
        jobs = Jobs(bus, topology)

        enrolled, identified = await asyncio.gather(
            jobs.run(Enrol(gallery_id="g", user_id="u", user_name="U", image=IMAGE), client_id="c", trx_id="t"),
            jobs.run(Identify(gallery_id="g", image=IMAGE), client_id="c"),
        )

        assert enrolled.result(Enrolled).user_id == "u"
        assert identified.result(Identified).similarity == 0.5
        assert list(enrolled.timings_ms) == [Stage.EMBED, Stage.MATCH_ENROL]
        assert {envelope.job for envelope, _ in finished} == {"enrol", "identify"}
        await asyncio.gather(embedder.drain(), matcher.drain())

    async def test_an_itinerary_of_three_hops_ends_in_one_reply(self, bus: Bus, topology: Topology) -> None:
        steps = tuple(Step(stage=stage) for stage in (Stage.EMBED, Stage.MATCH_IDENTIFY, Stage.MATCH_ENROL))
        embedder = Worker(bus, topology, {Stage.EMBED: embed})
        matcher = self.matcher(bus, topology, [])
        await embedder.start([Source(topology.embed, 16)])
        await matcher.start(self.shards(topology))
        payload = Enrol(gallery_id="g", user_id="u", user_name="U", image=IMAGE)
        envelope = Envelope.of(payload, client_id="c", deadline=time.time() + 5).model_copy(update={"slip": steps})

        reply = await bus.request(topology.queue_of(envelope), Message(encode(envelope), envelope.deadline))

        assert list(reply.results) == [Stage.EMBED, Stage.MATCH_IDENTIFY, Stage.MATCH_ENROL]
        assert reply.error is None
        await asyncio.gather(embedder.drain(), matcher.drain())

    async def test_a_job_without_a_worker_ends_at_its_deadline(self, bus: Bus, topology: Topology) -> None:
        with pytest.raises(DeadlineExceeded):
            await Jobs(bus, topology).run(DeleteFace(gallery_id="g", user_id="u"), client_id="c", deadline_s=0.2)

    async def test_what_the_last_stage_refuses_is_what_the_caller_reads(self, bus: Bus, topology: Topology) -> None:
        matcher = self.matcher(bus, topology, [])
        await matcher.start(self.shards(topology))

        reply = await Jobs(bus, topology).run(DeleteFace(gallery_id="g", user_id="nobody"), client_id="c")

        with pytest.raises(WajahError, match="user_id not found") as caught:
            reply.result(FaceDeleted)
        assert caught.value.code is Code.USER_NOT_FOUND
        await matcher.drain()

    def matcher(self, bus: Bus, topology: Topology, finished: list[tuple[Envelope, Reply]]) -> Worker:
        async def enrol(job: object) -> Result:
            return Enrolled(user_id="u", replaced=False)

        async def identify(job: object) -> Result:
            return Identified(best=None, similarity=0.5)

        async def delete(job: object) -> Result:
            raise WajahError(Code.USER_NOT_FOUND)

        async def record(envelope: Envelope, reply: Reply) -> None:
            finished.append((envelope, reply))

        handlers = {Stage.MATCH_ENROL: enrol, Stage.MATCH_IDENTIFY: identify, Stage.FACE_DELETE: delete}
        return Worker(bus, topology, handlers, on_finished=record)

    def shards(self, topology: Topology) -> list[Source]:
        shards = [topology.shard(number) for number in range(topology.shards)]
        return [Source(queue, 16) for shard in shards for queue in (shard.reads, shard.writes)]
