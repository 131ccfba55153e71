"""The bus of one process: bounded queues in the event loop's memory, with RabbitMQ's rules and nothing to install.

What is in a queue is lost with the process; a caller whose request is answered was served, durable or not.
"""

import asyncio
import time
import uuid
from collections import deque
from dataclasses import dataclass, field
from typing import Final

import structlog

from wajah.contracts.envelope import Reply
from wajah.contracts.errors import DeadlineExceeded
from wajah.messaging.bus import REDELIVERY_PAUSE_S, BusError, Delivery, Handler, Message, ReturnAddress, remaining_s
from wajah.messaging.topology import DELIVERY_LIMIT, Queue, Topology

DEAD_LETTERS_KEPT: Final = 1_000

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was given up on."""

    message: Message
    queue: str
    reason: str


@dataclass(slots=True, eq=False)
class _Item:
    message: Message
    returns: int = 0
    """How often a consumer gave it back."""


@dataclass(slots=True, eq=False)
class _QueueState:
    queue: Queue
    items: deque[_Item] = field(default_factory=deque)
    consumers: list["_Consumer"] = field(default_factory=list)


class _Consumer:
    """A subscription. The first in its queue's list is served before the others."""

    def __init__(self, bus: "InProcessBus", state: _QueueState, handler: Handler, prefetch: int) -> None:
        self._bus = bus
        self._state = state
        self._handler = handler
        self._prefetch = prefetch
        self._running: set[asyncio.Task[None]] = set()
        self.registration: asyncio.Task[None] | None = None

    @property
    def has_room(self) -> bool:
        return len(self._running) < self._prefetch

    async def register(self, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        self._state.consumers.append(self)
        self._bus.dispatch(self._state)

    def take(self, item: _Item) -> None:
        task = asyncio.create_task(self._handle(item), name=f"consume {self._state.queue.name}")
        self._running.add(task)
        task.add_done_callback(self._ended)

    async def _handle(self, item: _Item) -> None:
        try:
            await self._handler(Delivery(item.message, self._state.queue, redelivered=item.returns > 0))
        except Exception as error:
            _log.warning("message given back", queue=self._state.queue.name, error=type(error).__name__)
            await asyncio.sleep(REDELIVERY_PAUSE_S)
            self._bus.give_back(self._state, item)
        except asyncio.CancelledError:
            self._bus.give_back(self._state, item)
            raise

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._bus.dispatch(self._state)

    async def cancel(self) -> None:
        if self.registration is not None:
            self.registration.cancel()
        if self in self._state.consumers:
            self._state.consumers.remove(self)
        while self._running:
            await asyncio.wait(self._running)
        self._bus.dispatch(self._state)


class InProcessBus:
    """`Bus` within one event loop. `dead_letters` can be looked at."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self._queues: dict[str, _QueueState] = {}
        self._requests: dict[str, asyncio.Future[Reply]] = {}
        self._reply_queue = f"{topology.prefix}.reply.{uuid.uuid4().hex}"
        self._started = False
        self.dead_letters: deque[DeadLetter] = deque(maxlen=DEAD_LETTERS_KEPT)

    @property
    def ready(self) -> bool:
        return self._started

    async def start(self) -> None:
        for queue in self._topology.queues():
            self._queues.setdefault(queue.name, _QueueState(queue))
        self._started = True

    async def stop(self) -> None:
        self._started = False
        for request in self._requests.values():
            if not request.done():
                request.set_exception(BusError())

    async def publish(self, queue: Queue, message: Message) -> None:
        if remaining_s(message) <= 0:
            raise DeadlineExceeded
        state = self._queues.get(queue.name)
        if not self._started or state is None or len(state.items) >= state.queue.max_length:
            raise BusError
        state.items.append(_Item(message))
        self.dispatch(state)

    async def request(self, queue: Queue, message: Message) -> Reply:
        correlation_id = uuid.uuid4().hex
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._requests[correlation_id] = answer
        try:
            await self.publish(queue, message.returning_to(ReturnAddress(self._reply_queue, correlation_id)))
            async with asyncio.timeout(remaining_s(message)):
                return await answer
        except TimeoutError:
            raise DeadlineExceeded from None
        finally:
            del self._requests[correlation_id]

    async def reply(self, address: ReturnAddress, reply: Reply) -> None:
        if not self._started:
            raise BusError
        answer = self._requests.get(address.correlation_id)
        if answer is not None and not answer.done():
            answer.set_result(reply)

    async def park(self, message: Message, queue: Queue, reason: str) -> None:
        self.dead_letters.append(DeadLetter(message, queue.name, reason))

    async def consume(self, queue: Queue, handler: Handler, *, prefetch: int, standby_s: float = 0.0) -> _Consumer:
        state = self._queues.get(queue.name)
        if not self._started or state is None:
            raise BusError
        consumer = _Consumer(self, state, handler, prefetch)
        if standby_s > 0:
            consumer.registration = asyncio.create_task(consumer.register(standby_s))
        else:
            await consumer.register(0)
        return consumer

    def dispatch(self, state: _QueueState) -> None:
        """Hand out as much of a queue as its consumers have room for, in turn or, with a single active one, to the first."""
        while state.items:
            eligible = state.consumers[:1] if state.queue.single_active else state.consumers
            consumer = next((candidate for candidate in eligible if candidate.has_room), None)
            if consumer is None:
                return
            item = state.items.popleft()
            if not state.queue.durable and item.message.deadline <= time.time():
                continue
            consumer.take(item)
            if not state.queue.single_active:
                state.consumers.remove(consumer)
                state.consumers.append(consumer)

    def give_back(self, state: _QueueState, item: _Item) -> None:
        """Redelivery, in the old place; past the limit a durable message is a dead letter."""
        item.returns += 1
        if state.queue.durable and item.returns > DELIVERY_LIMIT:
            self.dead_letters.append(DeadLetter(item.message, state.queue.name, "delivery_limit"))
        else:
            state.items.appendleft(item)
