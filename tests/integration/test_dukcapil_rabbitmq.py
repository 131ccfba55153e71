"""The connector over a real broker: a job goes in with its photograph, people or a code come back."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from dukcapil.service import DukcapilService
from wajah.contracts.errors import Code, WajahError
from wajah.contracts.jobs import IdentifyAtDukcapil
from wajah.contracts.results import IdentifiedAtDukcapil
from wajah.messaging.amqp import AmqpBus
from wajah.messaging.caller import Jobs
from wajah.messaging.topology import Topology
from wajah.storage.connect import open_store

from tests.stand_ins.dukcapil.serving import StandIn, stand_in

NIK = "3175031708450001"
PHOTOGRAPH = b"\xff\xd8\xff" + bytes(range(256)) * 400


@pytest.fixture
async def there(tmp_path: Path) -> AsyncIterator[StandIn]:
    async with stand_in(tmp_path) as dukcapil:
        yield dukcapil


@pytest.fixture
async def jobs(amqp_url: str, amqp_topology: Topology, there: StandIn, tmp_path: Path) -> AsyncIterator[Jobs]:
    """Of a caller with a connection of its own."""
    store = open_store(f"sqlite:///{tmp_path / 'wajah.db'}")
    ours, theirs = AmqpBus(amqp_url, amqp_topology), AmqpBus(amqp_url, amqp_topology)
    service = DukcapilService(there.settings(), theirs, store, amqp_topology)
    await store.start()
    for bus in (ours, theirs):
        await bus.start()
    await service.start()
    assert await service.ready()
    yield Jobs(ours, amqp_topology)
    await service.drain()
    assert not await service.ready()
    await service.stop()
    for bus in (theirs, ours):
        await bus.stop()
    await store.stop()


async def test_a_photograph_goes_in_and_people_come_back(jobs: Jobs, there: StandIn) -> None:
    there.state.found = {NIK: 9.5}

    reply = await jobs.run(IdentifyAtDukcapil(image=PHOTOGRAPH), client_id="internal")

    assert [(each.nik, each.score) for each in reply.result(IdentifiedAtDukcapil).found] == [(NIK, 9.5)]


async def test_a_refusal_comes_back_with_what_dukcapil_said(jobs: Jobs, there: StandIn) -> None:
    there.state.script.append(5003)

    reply = await jobs.run(IdentifyAtDukcapil(image=PHOTOGRAPH), client_id="internal")

    with pytest.raises(WajahError) as refusal:
        reply.result(IdentifiedAtDukcapil)
    assert refusal.value.code is Code.DK_REFUSED
    assert refusal.value.answer == {"errorCode": "5003", "error": "IP Tidak Sesuai"}
