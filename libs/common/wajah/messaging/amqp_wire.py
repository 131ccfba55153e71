"""How our queues and messages look to RabbitMQ: declarations, properties and headers."""

import time
from typing import Final

from aio_pika import DeliveryMode
from aio_pika import Message as AmqpMessage
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, FieldValue

from wajah.contracts.envelope import DEFAULT_DEADLINE_S
from wajah.contracts.framing import FRAME_TYPE, JSON_TYPE
from wajah.messaging.bus import Message, ReturnAddress, remaining_s
from wajah.messaging.topology import DELIVERY_LIMIT, Queue, Topology

DEADLINE_HEADER: Final = "wajah-deadline"  # Unix seconds as text: the client library cuts floats to 32 bits
QUEUE_HEADER: Final = "wajah-queue"
REASON_HEADER: Final = "wajah-reason"

DEAD_LETTERS_KEPT: Final = 100_000  # the oldest make room
_SHORTEST_S: Final = 0.001  # RabbitMQ closes the channel for a negative expiration, and 0 means "only if a consumer waits"
_LONGEST_S: Final = 86_400.0  # it does so too for one that doesn't fit 32 bits


async def declare(channel: AbstractChannel, topology: Topology) -> None:
    """Create what is missing. Raises ChannelPreconditionFailed when a queue exists with other properties."""
    await channel.declare_queue(
        topology.dead_letters,
        durable=True,
        arguments={"x-queue-type": "quorum", "x-max-length": DEAD_LETTERS_KEPT},
    )
    for queue in topology.queues():
        await channel.declare_queue(queue.name, durable=True, arguments=_arguments(queue, topology))


def _arguments(queue: Queue, topology: Topology) -> dict[str, FieldValue]:
    """All queues outlive the broker's restart, so that nobody publishes into nothing; messages only in quorum queues."""
    arguments: dict[str, FieldValue] = {
        "x-queue-type": "quorum" if queue.durable else "classic",
        "x-max-length": queue.max_length,
        "x-overflow": "reject-publish",
    }
    if queue.single_active:
        arguments["x-single-active-consumer"] = True
    if queue.durable:
        arguments["x-delivery-limit"] = DELIVERY_LIMIT
        arguments["x-dead-letter-exchange"] = ""
        arguments["x-dead-letter-routing-key"] = topology.dead_letters
    return arguments


def outgoing(message: Message, queue: Queue) -> AmqpMessage:
    address = message.return_address
    return AmqpMessage(
        message.body,
        content_type=message.content_type,
        delivery_mode=DeliveryMode.PERSISTENT if queue.durable else DeliveryMode.NOT_PERSISTENT,
        expiration=None if queue.durable else min(max(remaining_s(message), _SHORTEST_S), _LONGEST_S),
        reply_to=None if address is None else address.queue,
        correlation_id=None if address is None else address.correlation_id,
        headers={DEADLINE_HEADER: str(message.deadline)},
    )


def incoming(message: AbstractIncomingMessage) -> Message:
    has_address = message.reply_to is not None and message.correlation_id is not None
    return Message(
        body=message.body,
        deadline=_deadline(message.headers.get(DEADLINE_HEADER)),
        content_type=message.content_type or FRAME_TYPE,
        return_address=ReturnAddress(str(message.reply_to), str(message.correlation_id)) if has_address else None,
    )


def _deadline(header: FieldValue) -> float:
    """A publisher that is not ours may leave it out; the envelope has the one that counts."""
    try:
        return float(str(header))
    except ValueError:
        return time.time() + DEFAULT_DEADLINE_S


def answer(address: ReturnAddress, body: bytes) -> AmqpMessage:
    return AmqpMessage(
        body,
        content_type=JSON_TYPE,
        delivery_mode=DeliveryMode.NOT_PERSISTENT,
        correlation_id=address.correlation_id,
    )


def dead_letter(message: Message, queue: Queue, reason: str) -> AmqpMessage:
    address = message.return_address
    return AmqpMessage(
        message.body,
        content_type=message.content_type,
        delivery_mode=DeliveryMode.PERSISTENT,
        correlation_id=None if address is None else address.correlation_id,
        headers={DEADLINE_HEADER: str(message.deadline), QUEUE_HEADER: queue.name, REASON_HEADER: reason},
    )
