"""The bus: what services need of a message broker, and nothing else. Two implementations: `amqp` and `inprocess`."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final, Protocol

from wajah.contracts.envelope import Reply
from wajah.contracts.errors import Code, WajahError
from wajah.contracts.framing import FRAME_TYPE
from wajah.messaging.topology import Queue


class BusError(WajahError):
    """The broker did not take the message: unreachable, blocked, or its queue is missing or full."""

    def __init__(self, message: str = "Server busy, try again later") -> None:
        super().__init__(Code.BUSY, message, retry_after_s=1.0)


@dataclass(frozen=True, slots=True)
class ReturnAddress:
    """Where a reply goes: a reply queue and the caller's correlation id."""

    queue: str
    correlation_id: str


@dataclass(frozen=True, slots=True)
class Message:
    """An encoded envelope with what the broker must know of it."""

    body: bytes
    deadline: float
    """Unix time in seconds."""
    content_type: str = FRAME_TYPE
    return_address: ReturnAddress | None = None

    def returning_to(self, address: ReturnAddress) -> "Message":
        return replace(self, return_address=address)


def remaining_s(message: Message) -> float:
    """Seconds until the message's deadline, negative past it."""
    return message.deadline - time.time()


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message in a consumer's hands. It stays the broker's until the handler returns."""

    message: Message
    queue: Queue
    redelivered: bool
    """An earlier consumer had it and never acknowledged it: it died, or lost its connection."""


Handler = Callable[[Delivery], Awaitable[None]]
"""Returning acknowledges. Raising gives the message back for redelivery, REDELIVERY_PAUSE_S later; past the delivery limit
a durable one is dead-lettered."""

REDELIVERY_PAUSE_S: Final = 0.05  # what fails at once would otherwise keep broker and worker spinning


class Subscription(Protocol):
    """A running consumer."""

    async def cancel(self) -> None:
        """Take no more messages, and return when every handler under way has ended and been acknowledged."""


class Bus(Protocol):
    """Every call may be made from any task of the event loop that started the bus."""

    @property
    def ready(self) -> bool:
        """Connected, and not blocked by the broker."""

    async def start(self) -> None:
        """Connect and declare the topology, waiting for a broker that is still starting."""

    async def stop(self) -> None:
        """Close; requests still waiting end with BusError. Subscriptions are cancelled first by their owners."""

    async def publish(self, queue: Queue, message: Message) -> None:
        """Hand a message to the broker, which has it safely when this returns.

        In a queue that is not durable, a message is dropped at its deadline. A durable one is delivered even then, for the
        worker to answer: the broker would take it for a dead letter.

        Raises BusError, or DeadlineExceeded when the message's deadline comes first.
        """

    async def request(self, queue: Queue, message: Message) -> Reply:
        """Publish with our return address and wait for the reply, until the message's deadline. Raises like `publish`."""

    async def reply(self, address: ReturnAddress, reply: Reply) -> None:
        """Answer a caller. A caller who has gone is no error. Raises BusError when the broker can't be reached."""

    async def park(self, message: Message, queue: Queue, reason: str) -> None:
        """Put a message that can't be handled on the dead-letter queue, with the queue it came from and why."""

    async def consume(self, queue: Queue, handler: Handler, *, prefetch: int, standby_s: float = 0.0) -> Subscription:
        """Run `handler` for up to `prefetch` messages at a time.

        With `standby_s` the consumer registers that much later, and after every reconnect again: on a single-active-consumer
        queue the owner registers first, so that the broker spreads the shards.
        """
