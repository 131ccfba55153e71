"""The process's reply queue, and the requests that wait for something to come out of it."""

import asyncio
import uuid

import structlog
from aio_pika.abc import AbstractConnection, AbstractIncomingMessage
from pydantic import ValidationError

from wajah.contracts.envelope import Reply
from wajah.contracts.framing import decode_reply
from wajah.messaging.bus import BusError, ReturnAddress

_log = structlog.get_logger(__name__)


class Replies:
    """An exclusive queue with a name of the broker's choice. It dies with its connection, and the replies in it with it: the
    requests that wait then fail at once, and the next connection brings a new queue."""

    def __init__(self) -> None:
        self._queue: str | None = None
        self._waiting: dict[str, asyncio.Future[Reply]] = {}

    async def open(self, connection: AbstractConnection) -> None:
        channel = await connection.channel(publisher_confirms=False)
        queue = await channel.declare_queue(exclusive=True)
        await queue.consume(self._receive, no_ack=True)
        self._queue = queue.name

    def lost(self) -> None:
        self._queue = None
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(BusError())

    def expect(self) -> tuple[ReturnAddress, "asyncio.Future[Reply]"]:
        """Where the next reply shall go, and the future that it resolves. Raises BusError without a connection."""
        if self._queue is None:
            raise BusError
        address = ReturnAddress(self._queue, uuid.uuid4().hex)
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting[address.correlation_id] = answer
        return address, answer

    def forget(self, address: ReturnAddress) -> None:
        answer = self._waiting.pop(address.correlation_id)
        if answer.done() and not answer.cancelled():
            answer.exception()  # looked at, so that asyncio does not report it as forgotten

    async def _receive(self, received: AbstractIncomingMessage) -> None:
        answer = self._waiting.get(received.correlation_id or "")
        if answer is None or answer.done():
            return
        try:
            answer.set_result(decode_reply(received.body))
        except ValidationError:
            _log.error("reply not understood", correlation_id=received.correlation_id)
            answer.set_exception(BusError())
