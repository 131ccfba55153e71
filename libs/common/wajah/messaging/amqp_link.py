"""One connection to RabbitMQ that comes back: made anew after every loss, with everything on it restored.

aio-pika's own robust connection restores its objects one by one and in no order that we choose. Here a connection is thrown
away whole: the next one is opened, `restore` puts on it what belongs there, and only then is it used.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable
from typing import Final

import aio_pika
import structlog
from aio_pika.abc import AbstractConnection

from wajah.messaging.amqp_errors import breaks_as_bus_error
from wajah.messaging.bus import BusError

START_TIMEOUT_S: Final = 60.0  # a broker that starts beside us takes 5 to 30 s
SETUP_TIMEOUT_S: Final = 20.0  # connecting and restoring: 33 queues take under a second
CLOSE_TIMEOUT_S: Final = 2.0
HEARTBEAT_S: Final = 10
FIRST_RETRY_S: Final = 0.1
LAST_RETRY_S: Final = 2.0

_log = structlog.get_logger(__name__)


class Link:
    """`restore` readies a fresh connection, `lost` is told when it is gone."""

    def __init__(
        self,
        url: str,
        name: str,
        *,
        restore: Callable[[AbstractConnection], Awaitable[None]],
        lost: Callable[[], None],
        start_timeout_s: float = START_TIMEOUT_S,
    ) -> None:
        self._url = url
        self._name = name
        self._restore = restore
        self._lost = lost
        self._connection: AbstractConnection | None = None
        self._up = asyncio.Event()
        self._renewal = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._start_timeout_s = start_timeout_s
        self._last_failure = ""

    @property
    def connection(self) -> AbstractConnection | None:
        """The connection in use, None while there is none."""
        return self._connection

    @property
    def blocked(self) -> bool:
        """The broker takes nothing, for want of memory or disk.

        The client library only offers a coroutine that waits for the end of it; whether that would wait is the answer.
        """
        connection = self._connection
        if connection is None or connection.transport is None:
            return False
        waiting = connection.transport.connection.ready()
        try:
            waiting.send(None)
        except StopIteration:
            return False
        finally:
            waiting.close()
        return True

    async def start(self) -> None:
        """Raises BusError, with the last failure in its message, when there is no connection within `start_timeout_s`."""
        self._keeper = asyncio.create_task(self._keep(), name=f"amqp {self._name}")
        try:
            await self.use(self._start_timeout_s)
        except BusError:
            await self.stop()
            raise BusError(f"RabbitMQ can't be reached: {self._last_failure}") from None

    async def stop(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
            self._keeper = None

    async def use(self, timeout_s: float) -> AbstractConnection:
        """The restored connection. Raises BusError when there is none within `timeout_s`."""
        if self._connection is None:
            try:
                async with asyncio.timeout(timeout_s):
                    await self._up.wait()
            except TimeoutError:
                raise BusError from None
        if self._connection is None:
            raise BusError
        return self._connection

    async def unblocked(self, timeout_s: float) -> AbstractConnection:
        """As `use`, and waits while the broker takes nothing."""
        until = time.monotonic() + timeout_s
        connection = await self.use(timeout_s)
        if connection.transport is not None and self.blocked:
            try:
                async with asyncio.timeout(until - time.monotonic()):
                    await connection.transport.ready()
            except TimeoutError:
                raise BusError from None
        return connection

    def renew(self) -> None:
        """Give the connection up and make another: something on it is broken."""
        self._renewal.set()

    async def _keep(self) -> None:
        retry_s = FIRST_RETRY_S
        while True:
            renewal = self._renewal = asyncio.Event()
            connection: AbstractConnection | None = None
            try:
                with breaks_as_bus_error():
                    async with asyncio.timeout(SETUP_TIMEOUT_S):
                        connection = await aio_pika.connect(self._url, name=f"wajah {self._name}", heartbeat=HEARTBEAT_S)
                        connection.close_callbacks.add(lambda _connection, _reason, lost=renewal: lost.set())
                        await self._restore(connection)
                self._connection = connection
                self._up.set()
                _log.info("connected", link=self._name)
                retry_s = FIRST_RETRY_S
                await renewal.wait()
                _log.warning("connection lost", link=self._name)
            except Exception as error:
                self._last_failure = repr(error.__cause__ or error)
                _log.warning("connecting failed", link=self._name, reason=self._last_failure)
            finally:
                self._up.clear()
                if self._connection is not None:
                    self._connection = None
                    self._lost()
                if connection is not None:
                    await _close(connection)
            await asyncio.sleep(retry_s * random.uniform(0.5, 1.0))  # noqa: S311 - spreads the reconnects of many processes
            retry_s = min(retry_s * 2, LAST_RETRY_S)


async def _close(connection: AbstractConnection) -> None:
    with contextlib.suppress(BusError), breaks_as_bus_error():
        async with asyncio.timeout(CLOSE_TIMEOUT_S):
            await connection.close()
