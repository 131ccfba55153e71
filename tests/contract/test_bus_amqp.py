"""The bus over RabbitMQ against the suite of all buses."""

from collections.abc import AsyncIterator, Awaitable, Callable

import aio_pika
import pytest
import pytest_asyncio
from wajah.messaging.amqp import AmqpBus
from wajah.messaging.topology import Topology

from tests.contract.bus_suite import BusSuite


class TestAmqpBus(BusSuite):
    @pytest.fixture
    def topology(self, amqp_topology: Topology) -> Topology:
        return amqp_topology

    @pytest_asyncio.fixture
    async def bus(self, amqp_url: str, topology: Topology) -> AsyncIterator[AmqpBus]:
        bus = AmqpBus(amqp_url, topology)
        await bus.start()
        yield bus
        await bus.stop()

    @pytest.fixture
    def dead_letters(self, amqp_url: str, topology: Topology) -> Callable[[], Awaitable[list[bytes]]]:
        async def read() -> list[bytes]:
            async with await aio_pika.connect(amqp_url) as connection, connection.channel() as channel:
                queue = await channel.get_queue(topology.dead_letters)
                bodies: list[bytes] = []
                while (letter := await queue.get(timeout=5, fail=False)) is not None:
                    bodies.append(letter.body)
                return bodies

        return read
