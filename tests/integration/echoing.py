"""An echo over the bus: how a test sees that everything between caller and worker works."""

import asyncio
import time

from wajah.contracts.envelope import Reply
from wajah.contracts.errors import WajahError
from wajah.messaging.amqp import AmqpBus
from wajah.messaging.bus import Delivery
from wajah.messaging.topology import Queue

from tests.contract.bus_suite import message


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
