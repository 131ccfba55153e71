"""A subscription on RabbitMQ: registers on every new connection, and acknowledges what its handler has finished."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage, AbstractQueue

from wajah.messaging.amqp_errors import breaks_as_bus_error
from wajah.messaging.amqp_wire import incoming
from wajah.messaging.bus import REDELIVERY_PAUSE_S, BusError, Delivery, Handler
from wajah.messaging.topology import Queue

RPC_TIMEOUT_S: Final = 5.0

_log = structlog.get_logger(__name__)


class AmqpConsumer:
    """Each has a channel of its own, so that its prefetch, and its trouble, are its own.

    `renew` is called when only a new connection can help. Handlers run on through the loss of a connection; what they can't
    acknowledge any more, the broker delivers again.
    """

    def __init__(
        self, queue: Queue, handler: Handler, *, prefetch: int, standby_s: float, renew: Callable[[], None]
    ) -> None:
        self._queue = queue
        self._handler = handler
        self._prefetch = prefetch
        self._standby_s = standby_s
        self._renew = renew
        self._room = asyncio.Semaphore(prefetch)  # after a reconnect the broker counts afresh; we don't
        self._running: set[asyncio.Task[None]] = set()
        self._registration: asyncio.Task[None] | None = None
        self._registered: tuple[AbstractChannel, AbstractQueue, str] | None = None
        self._cancelled = False

    async def open(self, connection: AbstractConnection) -> None:
        """Register on a fresh connection, or be about to. Raises BusError."""
        self._registered = None
        if self._registration is not None:
            self._registration.cancel()
        if self._standby_s > 0:
            self._registration = asyncio.create_task(self._register_later(connection))
        else:
            await self._register(connection)

    async def cancel(self) -> None:
        self._cancelled = True
        if self._registration is not None:
            self._registration.cancel()
            await asyncio.wait([self._registration])
        channel: AbstractChannel | None = None
        if self._registered is not None:
            channel, queue, tag = self._registered
            with contextlib.suppress(BusError), breaks_as_bus_error():
                await queue.cancel(tag, timeout=RPC_TIMEOUT_S)
        while self._running:
            await asyncio.wait(self._running)
        if channel is not None:
            with contextlib.suppress(BusError), breaks_as_bus_error():
                async with asyncio.timeout(RPC_TIMEOUT_S):
                    await channel.close()

    async def _register_later(self, connection: AbstractConnection) -> None:
        await asyncio.sleep(self._standby_s)
        try:
            await self._register(connection)
        except BusError as error:
            _log.warning("standby registration failed", queue=self._queue.name, reason=repr(error.__cause__))
            self._renew()

    async def _register(self, connection: AbstractConnection) -> None:
        with breaks_as_bus_error():
            async with asyncio.timeout(RPC_TIMEOUT_S):
                channel = await connection.channel(publisher_confirms=False)
                await channel.set_qos(prefetch_count=self._prefetch)
                queue = await channel.get_queue(self._queue.name, ensure=False)
                tag = await queue.consume(self._receive)
                underlay = await channel.get_underlay_channel()
        underlay.on_consumer_cancel_callbacks.add(self._on_broker_cancel)
        channel.close_callbacks.add(self._on_channel_close)
        self._registered = (channel, queue, tag)

    def _on_broker_cancel(self, _frame: object) -> None:
        """The queue was deleted, or has moved to another node."""
        self._renew()

    def _on_channel_close(self, channel: AbstractChannel | None, _reason: BaseException | None) -> None:
        """Not for one of an earlier connection, whose end may be told late."""
        if self._registered is not None and self._registered[0] is channel and not self._cancelled:
            self._renew()

    async def _receive(self, received: AbstractIncomingMessage) -> None:
        """The library cancels its own tasks when a connection is lost: the handler gets one of ours."""
        task = asyncio.create_task(self._handle(received), name=f"consume {self._queue.name}")
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _handle(self, received: AbstractIncomingMessage) -> None:
        async with self._room:
            try:
                await self._handler(Delivery(incoming(received), self._queue, redelivered=bool(received.redelivered)))
            except Exception as error:
                _log.warning("message given back", queue=self._queue.name, error=type(error).__name__)
                await asyncio.sleep(REDELIVERY_PAUSE_S)
                settled = received.reject(requeue=True)  # from RabbitMQ 4.3 on, nack doesn't count as a failed delivery
            else:
                settled = received.ack()
            with contextlib.suppress(BusError), breaks_as_bus_error():
                await settled
