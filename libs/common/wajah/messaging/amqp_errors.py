"""One way to say that a connection broke, for everything that the client library may raise."""

import asyncio
import contextlib
from collections.abc import Iterator

from aio_pika.exceptions import CONNECTION_EXCEPTIONS

from wajah.messaging.bus import BusError


@contextlib.contextmanager
def breaks_as_bus_error() -> Iterator[None]:
    """Turns what aio-pika raises, and a timeout, into BusError. It is the cause: callers see only the message.

    When it takes a connection for dead, the library ends what waits on it with CancelledError. That is told from a
    cancellation of the task itself, which passes.
    """
    try:
        yield
    except (*CONNECTION_EXCEPTIONS, TimeoutError) as error:
        raise BusError from error
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise BusError from error
