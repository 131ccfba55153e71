"""Runs services in a process: start, health and readiness, and on SIGTERM a drain within the grace period."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import structlog

from wajah.messaging.health import HealthServer

STOP_S: Final = 5.0

_log = structlog.get_logger(__name__)


class Service(Protocol):
    """A part of a process. `start` comes first, then `drain`, then `stop`, which must also end what failed to start."""

    @property
    def name(self) -> str: ...

    async def start(self) -> None:
        """Return when the service works. Raises whatever keeps it from working."""

    async def ready(self) -> bool:
        """Whether it can take work now; answers within a second or so."""

    async def drain(self) -> None:
        """Take no more work, and return when what is in hand is done."""

    async def stop(self) -> None:
        """Let go of everything. Called once, after `drain`, whether or not that came to its end."""


@dataclass(frozen=True, slots=True)
class Resource:
    """What services stand on (a bus, a store), as a service that has nothing to drain."""

    name: str
    start: Callable[[], Coroutine[Any, Any, None]]
    ready: Callable[[], Coroutine[Any, Any, bool]]
    stop: Callable[[], Coroutine[Any, Any, None]]

    async def drain(self) -> None:
        """Its users have drained."""


class Runner:
    """Starts services in order and ends them in reverse: list what the others stand on first."""

    def __init__(self, services: Sequence[Service], *, grace_s: float) -> None:
        self._services = services
        self._grace_s = grace_s
        self._started: list[Service] = []
        self._running = False

    async def readiness(self) -> dict[str, bool]:
        """Each service's readiness by name; `running` is False until all have started, and once the end has begun."""
        answers = await asyncio.gather(*(service.ready() for service in self._started), return_exceptions=True)
        parts = {service.name: answer is True for service, answer in zip(self._started, answers, strict=True)}
        return {"running": self._running, **parts}

    async def start(self) -> None:
        """Raises what the first service that can't start raised, after stopping the others."""
        for service in self._services:
            self._started.append(service)
            try:
                await service.start()
            except BaseException:
                await self.end()
                raise
            _log.info("service started", service=service.name)
        self._running = True

    async def end(self) -> None:
        """Not ready, drain within the grace period, stop."""
        self._running = False
        ending, self._started = self._started[::-1], []
        try:
            async with asyncio.timeout(self._grace_s):
                for service in ending:
                    await self._drain(service)
        except TimeoutError:
            _log.warning("drain cut short", grace_s=self._grace_s)
        for service in ending:
            try:
                async with asyncio.timeout(STOP_S):
                    await service.stop()
            except Exception:
                _log.exception("stop failed", service=service.name)

    async def _drain(self, service: Service) -> None:
        try:
            await service.drain()
        except Exception:
            _log.exception("drain failed", service=service.name)


@contextlib.asynccontextmanager
async def running(services: Sequence[Service], *, grace_s: float) -> AsyncGenerator[Runner]:
    """The services, started, for the length of a block."""
    runner = Runner(services, grace_s=grace_s)
    await runner.start()
    try:
        yield runner
    finally:
        await runner.end()


async def run(services: Sequence[Service], *, grace_s: float, health_bind: str | None) -> None:
    """Run the services until SIGTERM or SIGINT. `health_bind` is `host:port`; None where ingress answers for the process.

    Raises what keeps a service from starting, and OSError when the health address is taken.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    runner = Runner(services, grace_s=grace_s)
    health = None if health_bind is None else HealthServer(health_bind, runner.readiness)
    try:
        if health is not None:
            await health.start()
        starting = asyncio.create_task(runner.start())
        waiting = asyncio.create_task(stopping.wait())
        await asyncio.wait({starting, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            await starting
            await waiting
        else:
            starting.cancel()
            await asyncio.wait({starting})
        _log.info("ending", grace_s=grace_s)
        await runner.end()
    finally:
        if health is not None:
            await health.stop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
