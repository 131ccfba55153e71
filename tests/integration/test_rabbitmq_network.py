"""What only a network that breaks and stalls can show."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from wajah.contracts.errors import Code, WajahError
from wajah.contracts.jobs import ListFaces
from wajah.contracts.results import FacesListed, Result
from wajah.contracts.stages import Stage
from wajah.messaging.amqp import AmqpBus
from wajah.messaging.bus import BusError
from wajah.messaging.caller import Jobs
from wajah.messaging.slip import Source, Worker
from wajah.messaging.topology import Topology

from tests.contract.bus_suite import Recorder, message, until
from tests.integration.echoing import echo, served_again
from tests.servers.proxy import TcpProxy, proxied


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


async def test_no_job_is_left_hanging_while_the_network_breaks_again_and_again(
    proxied_bus: AmqpBus, amqp_topology: Topology, proxy: TcpProxy
) -> None:
    async def list_faces(_job: object) -> Result:
        await asyncio.sleep(0.002)
        return FacesListed(faces=())

    worker = Worker(proxied_bus, amqp_topology, {Stage.FACE_LIST: list_faces})
    shards = [amqp_topology.shard(number) for number in range(amqp_topology.shards)]
    await worker.start([Source(queue, 16) for shard in shards for queue in (shard.reads, shard.writes)])
    jobs = Jobs(proxied_bus, amqp_topology)
    ending = asyncio.Event()
    outcomes: Counter[str] = Counter()

    async def caller(number: int) -> None:
        while not ending.is_set():
            try:
                async with asyncio.timeout(15):  # three times the deadline
                    reply = await jobs.run(ListFaces(gallery_id=f"g{number}"), client_id="c", deadline_s=5)
                outcomes["answered" if reply.error is None else "refused"] += 1
            except WajahError:
                outcomes["refused"] += 1
                await asyncio.sleep(0.01)

    calling = asyncio.gather(*(caller(number) for number in range(32)))
    for _ in range(8):
        await asyncio.sleep(0.4)
        proxy.cut()
    ending.set()
    await calling

    assert outcomes["answered"] > 100
    await until(lambda: proxied_bus.ready, within_s=10)
    reply = await jobs.run(ListFaces(gallery_id="g"), client_id="c")
    assert reply.error is None
    await worker.drain()
