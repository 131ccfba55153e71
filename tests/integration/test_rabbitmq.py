"""What only a real RabbitMQ, a real network and real processes can show."""

import asyncio
import contextlib
import sys
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit

import aio_pika
import pytest
import pytest_asyncio
from wajah.contracts.envelope import Reply
from wajah.contracts.errors import Code, WajahError
from wajah.contracts.jobs import DeleteFace, ListFaces
from wajah.messaging.amqp import AmqpBus
from wajah.messaging.bus import BusError, Delivery
from wajah.messaging.caller import Jobs
from wajah.messaging.topology import Queue, Topology

from tests.contract.bus_suite import Recorder, message, until
from tests.integration.poisoned_worker import POISON
from tests.servers.proxy import TcpProxy, proxied
from tests.servers.rabbitmq import RabbitMqChild, child_broker, delete_queues

SETTLE_S = 3.0  # RabbitMQ 3.10 loses the leader of a quorum queue that was declared just before it is killed


@pytest.fixture(scope="module")
def broker() -> Iterator[RabbitMqChild]:
    with child_broker() as broker:
        yield broker


@pytest.fixture
def topology() -> Topology:
    return Topology(1, prefix=f"test-{uuid.uuid4().hex[:8]}")


@pytest_asyncio.fixture
async def bus(broker: RabbitMqChild, topology: Topology) -> AsyncIterator[AmqpBus]:
    bus = AmqpBus(broker.url, topology)
    await bus.start()
    yield bus
    await bus.stop()


@pytest_asyncio.fixture
async def proxy(amqp_url: str) -> AsyncIterator[TcpProxy]:
    async with proxied(urlsplit(amqp_url).port or 5672) as proxy:
        yield proxy


@pytest_asyncio.fixture
async def proxied_bus(amqp_url: str, amqp_topology: Topology, proxy: TcpProxy) -> AsyncIterator[AmqpBus]:
    parts = urlsplit(amqp_url)
    through = parts._replace(netloc=f"{parts.username or 'guest'}:{parts.password or 'guest'}@127.0.0.1:{proxy.port}")
    bus = AmqpBus(through.geturl(), amqp_topology)
    await bus.start()
    yield bus
    await bus.stop()


async def echo(bus: AmqpBus, queue: Queue) -> None:
    async def handler(delivery: Delivery) -> None:
        if delivery.message.return_address is not None:
            await bus.reply(delivery.message.return_address, Reply(job_id=delivery.message.body.decode()))

    await bus.consume(queue, handler, prefetch=16)


async def served_again(bus: AmqpBus, queue: Queue, *, within_s: float) -> float:
    """Seconds until a request is answered. Raises TimeoutError."""
    started = time.monotonic()
    async with asyncio.timeout(within_s):
        while True:
            try:
                assert (await bus.request(queue, message(b"again", within_s=2))).job_id == "again"
                return time.monotonic() - started
            except WajahError:
                await asyncio.sleep(0.05)


async def test_after_the_brokers_death_everything_is_there_again(
    broker: RabbitMqChild, bus: AmqpBus, topology: Topology
) -> None:
    shard = topology.shard(0)
    for queue in topology.queues():
        await echo(bus, queue)
    assert (await bus.request(shard.reads, message(b"before"))).job_id == "before"
    await asyncio.sleep(SETTLE_S)

    async def ask(number: int) -> Reply:
        await asyncio.sleep(number / 200)
        return await bus.request(shard.reads, message(str(number).encode(), within_s=5))

    asking = [asyncio.create_task(ask(number)) for number in range(200)]
    await asyncio.sleep(0.5)
    await asyncio.to_thread(broker.kill)
    outcomes = await asyncio.gather(*asking, return_exceptions=True)
    assert not bus.ready
    await asyncio.to_thread(broker.start)

    for queue in topology.queues():
        await served_again(bus, queue, within_s=20)
    assert bus.ready
    assert any(isinstance(outcome, Reply) for outcome in outcomes)
    assert all(isinstance(outcome, Reply | BusError) for outcome in outcomes)


async def test_a_durable_message_survives_the_brokers_death(broker: RabbitMqChild, bus: AmqpBus, topology: Topology) -> None:
    writes, reads = topology.shard(0).writes, topology.shard(0).reads
    await asyncio.sleep(SETTLE_S)
    for number in range(20):
        await bus.publish(writes, message(str(number).encode(), within_s=60))
    await bus.publish(reads, message(b"read", within_s=60))
    await bus.park(message(b"parked"), writes, "to be kept")

    await asyncio.to_thread(broker.kill)
    await asyncio.to_thread(broker.start)
    recorder, reader = Recorder(), Recorder()
    await until(lambda: bus.ready, within_s=20)
    await bus.consume(writes, recorder, prefetch=1)
    await bus.consume(reads, reader, prefetch=1)
    await until(lambda: len(recorder.deliveries) >= 20, within_s=20)

    assert recorder.bodies == [str(number).encode() for number in range(20)]
    assert not reader.deliveries
    async with await aio_pika.connect(broker.url) as connection, connection.channel() as channel:
        parked = await (await channel.get_queue(topology.dead_letters)).get(timeout=5)
    assert parked is not None
    assert parked.body == b"parked"
    assert parked.headers["wajah-queue"] == writes.name
    assert parked.headers["wajah-reason"] == "to be kept"


async def test_a_bus_waits_for_a_broker_that_is_still_starting(broker: RabbitMqChild, topology: Topology) -> None:
    broker.kill()
    bus = AmqpBus(broker.url, topology)
    starting = asyncio.create_task(bus.start())
    await asyncio.sleep(0.3)
    assert not starting.done()

    await asyncio.to_thread(broker.start)

    async with asyncio.timeout(20):
        await starting
    assert bus.ready
    await bus.stop()


async def test_a_blocked_broker_sheds_at_once_and_is_not_ready(
    broker: RabbitMqChild, bus: AmqpBus, topology: Topology
) -> None:
    queue = topology.shard(0).reads
    await echo(bus, queue)
    await asyncio.to_thread(broker.control, "set_vm_memory_high_watermark", "0.000001")
    try:
        async with asyncio.timeout(20):
            while bus.ready:  # the broker tells a connection that it is blocked when that publishes
                with contextlib.suppress(WajahError):
                    await bus.publish(queue, message(within_s=1))

        started = time.monotonic()
        for _ in range(100):
            with pytest.raises(BusError):
                await bus.publish(queue, message(within_s=60))

        assert time.monotonic() - started < 30, "it waited for the deadline"
    finally:
        await asyncio.to_thread(broker.control, "set_vm_memory_high_watermark", "0.4")

    await served_again(bus, queue, within_s=10)
    assert bus.ready


async def test_a_cut_connection_comes_back_by_itself(proxied_bus: AmqpBus, amqp_topology: Topology, proxy: TcpProxy) -> None:
    await echo(proxied_bus, amqp_topology.embed)
    for _ in range(3):
        proxy.cut()

        await served_again(proxied_bus, amqp_topology.embed, within_s=10)

    await until(lambda: proxied_bus.ready)


async def test_requests_in_flight_fail_fast_when_their_reply_queue_is_gone(
    proxied_bus: AmqpBus, amqp_topology: Topology, proxy: TcpProxy
) -> None:
    asking = asyncio.create_task(proxied_bus.request(amqp_topology.embed, message(within_s=100)))
    await asyncio.sleep(0.2)

    proxy.cut()

    async with asyncio.timeout(10):
        with pytest.raises(BusError):
            await asking


async def test_a_publish_without_a_connection_is_bounded_by_its_deadline(
    proxied_bus: AmqpBus, amqp_topology: Topology, proxy: TcpProxy
) -> None:
    proxy.refuse()
    await until(lambda: not proxied_bus.ready)

    async with asyncio.timeout(10):
        with pytest.raises(WajahError) as caught:
            await proxied_bus.publish(amqp_topology.embed, message(within_s=60))
        assert caught.value.code is Code.BUSY
        with pytest.raises(WajahError):
            await proxied_bus.request(amqp_topology.embed, message(within_s=0.2))

    proxy.heal()
    await until(lambda: proxied_bus.ready, within_s=10)


async def test_a_publish_into_a_stalled_network_is_bounded_by_its_deadline(
    proxied_bus: AmqpBus, amqp_topology: Topology, proxy: TcpProxy
) -> None:
    recorder = Recorder()
    proxy.stall()

    async with asyncio.timeout(10):
        outcomes = await asyncio.gather(
            *(proxied_bus.publish(amqp_topology.embed, message(bytes(2**20), within_s=0.5)) for _ in range(40)),
            return_exceptions=True,
        )
    assert all(isinstance(outcome, WajahError) for outcome in outcomes)

    proxy.heal()
    async with asyncio.timeout(10):
        await proxied_bus.publish(amqp_topology.embed, message(b"after", within_s=9))
    await proxied_bus.consume(amqp_topology.embed, recorder, prefetch=64)
    await until(lambda: b"after" in recorder.bodies)


async def test_a_handler_runs_on_when_its_connection_is_lost_and_the_message_comes_again(
    proxied_bus: AmqpBus, amqp_topology: Topology, proxy: TcpProxy
) -> None:
    recorder = Recorder(takes_s=0.5)
    await proxied_bus.consume(amqp_topology.embed, recorder, prefetch=1)
    await proxied_bus.publish(amqp_topology.embed, message(b"work"))
    await until(lambda: recorder.running == 1)

    proxy.cut()
    await until(lambda: len(recorder.deliveries) == 2 and not recorder.running, within_s=10)

    assert recorder.most_at_once == 1
    assert [delivery.redelivered for delivery in recorder.deliveries] == [False, True]


async def test_a_standby_lets_the_owner_go_first_after_a_reconnect_too(
    proxied_bus: AmqpBus, amqp_topology: Topology, proxy: TcpProxy
) -> None:
    queue = amqp_topology.shard(0).reads
    owner, standby = Recorder(), Recorder()
    await proxied_bus.consume(queue, standby, prefetch=1, standby_s=0.5)
    await proxied_bus.consume(queue, owner, prefetch=1)

    proxy.cut()
    await until(lambda: not proxied_bus.ready)
    await until(lambda: proxied_bus.ready, within_s=10)
    await asyncio.sleep(0.7)
    await proxied_bus.publish(queue, message())
    await until(lambda: bool(owner.deliveries) or bool(standby.deliveries))

    assert len(owner.deliveries) == 1


async def _all(*asking: "asyncio.Task[Reply]") -> list[Reply]:
    return await asyncio.gather(*asking)


@pytest.mark.parametrize("durable", [False, True])
async def test_a_job_that_kills_its_worker_is_parked_and_its_neighbours_are_served(amqp_url: str, durable: bool) -> None:
    topology = Topology(1, prefix=f"test-{uuid.uuid4().hex[:8]}")
    bus = AmqpBus(amqp_url, topology)
    await bus.start()
    jobs = Jobs(bus, topology)

    def ask(name: str) -> "asyncio.Task[Reply]":
        payload = DeleteFace(gallery_id="g", user_id=name) if durable else ListFaces(gallery_id=name)
        return asyncio.create_task(jobs.run(payload, client_id="c", deadline_s=90))

    neighbours = [ask(f"before-{number}") for number in range(15)]
    poison = ask(POISON)
    neighbours += [ask(f"after-{number}") for number in range(15)]
    everybody = asyncio.create_task(_all(poison, *neighbours))
    deaths = 0
    while not poison.done():
        worker = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.integration.poisoned_worker", amqp_url, topology.prefix
        )
        dying = asyncio.create_task(worker.wait())
        await asyncio.wait([dying, everybody], return_when=asyncio.FIRST_COMPLETED)
        if dying.done():
            deaths += 1
            assert deaths <= 6, "the poison is never parked"
        else:
            worker.kill()
            await dying
    replies = await everybody

    assert replies[0].error is not None
    assert replies[0].error.code is Code.SERVER_ERROR
    assert [reply.error for reply in replies[1:]] == [None] * 30
    assert deaths == 4  # the first run and three more
    async with await aio_pika.connect(amqp_url) as connection, connection.channel() as channel:
        parked = await (await channel.get_queue(topology.dead_letters)).get(timeout=5)
        assert parked is not None
        assert POISON.encode() in parked.body
    await bus.stop()
    await delete_queues(amqp_url, topology)
