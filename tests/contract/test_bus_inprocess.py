"""The bus of one process against the suite of all buses."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio
from wajah.messaging.inprocess import InProcessBus
from wajah.messaging.topology import Topology

from tests.contract.bus_suite import BusSuite


class TestInProcessBus(BusSuite):
    @pytest.fixture
    def topology(self) -> Topology:
        return Topology(2)

    @pytest_asyncio.fixture
    async def bus(self, topology: Topology) -> AsyncIterator[InProcessBus]:
        bus = InProcessBus(topology)
        await bus.start()
        yield bus
        await bus.stop()

    @pytest.fixture
    def dead_letters(self, bus: InProcessBus) -> Callable[[], Awaitable[list[bytes]]]:
        async def read() -> list[bytes]:
            return [letter.message.body for letter in bus.dead_letters]

        return read
