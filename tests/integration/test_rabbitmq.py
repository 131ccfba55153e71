"""What only a real broker that dies, starts late and runs out of memory can show."""

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import aio_pika
import pytest
import pytest_asyncio
from aio_pika.abc import AbstractConnection
from wajah.contracts.envelope import Reply
from wajah.contracts.errors import WajahError
from wajah.messaging.amqp import AmqpBus
from wajah.messaging.amqp_link import Link
from wajah.messaging.amqp_wire import declare
from wajah.messaging.bus import BusError
from wajah.messaging.topology import Topology

from tests.contract.bus_suite import Recorder, message, until
from tests.integration.echoing import echo, served_again
from tests.servers.rabbitmq import RabbitMqChild, child_broker

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


async def test_a_queue_that_somebody_deleted_is_there_again(broker: RabbitMqChild, bus: AmqpBus, topology: Topology) -> None:
    for queue in topology.queues():
        await echo(bus, queue)
        async with await aio_pika.connect(broker.url) as connection, connection.channel() as channel:
            await channel.queue_delete(queue.name)

        await served_again(bus, queue, within_s=10)


async def test_a_queue_declared_otherwise_is_told_at_the_start(broker: RabbitMqChild, topology: Topology) -> None:
    async with await aio_pika.connect(broker.url) as connection, connection.channel() as channel:
        await channel.declare_queue(topology.embed.name, durable=True, arguments={"x-max-length": 7})

    link = Link(broker.url, "test", restore=_declaring(topology), lost=lambda: None, start_timeout_s=1)

    with pytest.raises(BusError, match="max-length"):
        await link.start()


def _declaring(topology: Topology) -> Callable[[AbstractConnection], Awaitable[None]]:
    async def restore(connection: AbstractConnection) -> None:
        await declare(await connection.channel(), topology)

    return restore
