"""The bus over RabbitMQ (3.10 to 4.x): two connections a process, one to publish on and one to consume.

A broker that is short of memory or disk stops reading from connections that publish; consumers, and their
acknowledgements, must not be stopped with them.
"""

import asyncio
from typing import Final

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import DeliveryError, PublishError

from wajah.contracts.envelope import Reply
from wajah.contracts.errors import DeadlineExceeded
from wajah.contracts.framing import encode_reply
from wajah.messaging import amqp_wire as wire
from wajah.messaging.amqp_consumer import AmqpConsumer
from wajah.messaging.amqp_errors import breaks_as_bus_error
from wajah.messaging.amqp_link import Link
from wajah.messaging.amqp_replies import Replies
from wajah.messaging.bus import BusError, Handler, Message, ReturnAddress, Subscription, remaining_s
from wajah.messaging.topology import Queue, Topology

RECONNECT_WAIT_S: Final = 1.0  # a cut connection is back in 0.2 s; a caller waits that long rather than fail
REPLY_TIMEOUT_S: Final = 5.0  # replies and dead letters have no deadline of their own


class AmqpBus:
    """`Bus` over aio-pika."""

    def __init__(self, url: str, topology: Topology) -> None:
        self._topology = topology
        self._replies = Replies()
        self._consumers: list[AmqpConsumer] = []
        self._channel: AbstractChannel | None = None
        self._publishing = Link(url, "publish", restore=self._restore_publishing, lost=self._lost_publishing)
        self._consuming = Link(url, "consume", restore=self._restore_consuming, lost=self._replies.lost)

    @property
    def ready(self) -> bool:
        up = self._publishing.connection is not None and self._consuming.connection is not None
        return up and not self._publishing.blocked

    async def start(self) -> None:
        try:
            await asyncio.gather(self._consuming.start(), self._publishing.start())
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        await asyncio.gather(self._publishing.stop(), self._consuming.stop())

    async def publish(self, queue: Queue, message: Message) -> None:
        if remaining_s(message) <= 0:
            raise DeadlineExceeded
        if self._publishing.blocked:
            raise BusError
        await self._publishing.use(min(RECONNECT_WAIT_S, remaining_s(message)))
        await self._send(wire.outgoing(message, queue), queue.name, remaining_s(message))

    async def request(self, queue: Queue, message: Message) -> Reply:
        await self._consuming.use(min(RECONNECT_WAIT_S, remaining_s(message)))
        address, answer = self._replies.expect()
        try:
            await self.publish(queue, message.returning_to(address))
            async with asyncio.timeout(remaining_s(message)):
                return await answer
        except TimeoutError:
            raise DeadlineExceeded from None
        finally:
            self._replies.forget(address)

    async def reply(self, address: ReturnAddress, reply: Reply) -> None:
        await self._publishing.unblocked(REPLY_TIMEOUT_S)
        try:
            await self._send(wire.answer(address, encode_reply(reply)), address.queue, REPLY_TIMEOUT_S)
        except Unroutable:
            return  # the caller has gone

    async def park(self, message: Message, queue: Queue, reason: str) -> None:
        await self._publishing.unblocked(REPLY_TIMEOUT_S)
        letter = wire.dead_letter(message, queue, reason)
        await self._send(letter, self._topology.dead_letters, REPLY_TIMEOUT_S)

    async def consume(self, queue: Queue, handler: Handler, *, prefetch: int, standby_s: float = 0.0) -> Subscription:
        connection = await self._consuming.use(RECONNECT_WAIT_S)
        consumer = AmqpConsumer(queue, handler, prefetch=prefetch, standby_s=standby_s, renew=self._consuming.renew)
        await consumer.open(connection)
        self._consumers.append(consumer)
        if self._consuming.connection is not connection:
            self._consuming.renew()
        return _Listed(consumer, self._consumers)

    async def _send(self, message: aio_pika.Message, routing_key: str, timeout_s: float) -> None:
        channel = self._channel
        if channel is None:
            raise BusError
        with breaks_as_bus_error():
            try:
                await channel.default_exchange.publish(message, routing_key, mandatory=True, timeout=max(timeout_s, 0.0))
            except TimeoutError:
                raise DeadlineExceeded from None
            except PublishError:
                raise Unroutable from None
            except DeliveryError:
                raise BusError from None

    async def _restore_publishing(self, connection: AbstractConnection) -> None:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        channel.close_callbacks.add(self._on_channel_close)
        self._channel = channel

    def _on_channel_close(self, channel: AbstractChannel | None, _reason: BaseException | None) -> None:
        """Not for one of an earlier connection, whose end may be told late."""
        if channel is self._channel:
            self._publishing.renew()

    def _lost_publishing(self) -> None:
        self._channel = None

    async def _restore_consuming(self, connection: AbstractConnection) -> None:
        channel = await connection.channel(publisher_confirms=False)
        await wire.declare(channel, self._topology)
        await channel.close()
        await self._replies.open(connection)
        for consumer in self._consumers:
            await consumer.open(connection)


class Unroutable(BusError):
    """There is no such queue."""


class _Listed:
    """A consumer that leaves the list of those to restore when it is cancelled."""

    def __init__(self, consumer: AmqpConsumer, consumers: list[AmqpConsumer]) -> None:
        self._consumer = consumer
        self._consumers = consumers

    async def cancel(self) -> None:
        if self._consumer in self._consumers:
            self._consumers.remove(self._consumer)
        await self._consumer.cancel()
