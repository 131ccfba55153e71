"""What only worker processes that die can show."""

import asyncio
import sys
import uuid

import aio_pika
import pytest
from wajah.contracts.envelope import Reply
from wajah.contracts.errors import Code
from wajah.contracts.jobs import DeleteFace, ListFaces
from wajah.messaging.amqp import AmqpBus
from wajah.messaging.caller import Jobs
from wajah.messaging.topology import Topology

from tests.integration.poisoned_worker import POISON
from tests.servers.rabbitmq import delete_queues


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
