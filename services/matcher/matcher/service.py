"""The matcher as a part of a process: takes its shards' jobs, between a bus and a store that others start."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog
from wajah.messaging.bus import Bus
from wajah.messaging.slip import OnFinished, Source, Worker
from wajah.messaging.topology import Topology
from wajah.runtime_check import installed_one_of
from wajah.storage.ports import Store

from matcher.gallery import Resources
from matcher.handlers import handlers
from matcher.keeper import Keeper
from matcher.registration import erase_deregistered
from matcher.retention import erase_expired, forget_transactions
from matcher.settings import MatcherSettings
from matcher.threads import search_threads

LOADS_AT_ONCE = 4  # a restarted matcher must not ask the store for all of its galleries at once

_log = structlog.get_logger()


class MatcherService:
    """`wajah.messaging.service.Service`. Start it after what it stands on."""

    name = "matcher"

    def __init__(
        self,
        settings: MatcherSettings,
        bus: Bus,
        store: Store,
        topology: Topology,
        *,
        on_finished: OnFinished | None = None,
    ) -> None:
        self._settings = settings
        self._bus = bus
        self._store = store
        self._topology = topology
        self._serving = False
        self._threads = search_threads(settings.search_threads)
        resources = Resources(
            store, self._threads, asyncio.Semaphore(LOADS_AT_ONCE), settings.search_batch, settings.search_wait_ms
        )
        self._keeper = Keeper(resources, memory_bytes=settings.gallery_memory_mb << 20)
        self._worker = Worker(bus, topology, handlers(store, self._keeper), on_finished=on_finished)
        self._chores: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Raises RuntimeUnfit unless exactly one build of FAISS is installed, BusError when a queue can't be consumed."""
        installed_one_of("faiss-cpu", "faiss-gpu")
        await self._worker.start(self.sources())
        self._chores = [
            asyncio.create_task(_regularly(self._keeper.audit, self._settings.audit_every_s), name="gallery audits"),
            asyncio.create_task(_regularly(self._erase, self._settings.erase_every_s), name="erasure of clients"),
            asyncio.create_task(_regularly(self._sweep, self._settings.sweep_every_s), name="end of retention"),
        ]
        self._serving = True

    def sources(self) -> list[Source]:
        """Both queues of every shard: its own at once, those of the other matchers in case they fail."""
        own = self._settings.ordinal % self._settings.replicas
        return [
            Source(
                queue,
                2 * self._settings.search_batch,
                0.0 if number % self._settings.replicas == own else self._settings.standby_s,
            )
            for number in range(self._topology.shards)
            for queue in (self._topology.shard(number).reads, self._topology.shard(number).writes)
        ]

    async def ready(self) -> bool:
        """False from the beginning of a drain on, and while bus or store can't be reached."""
        return self._serving and self._bus.ready and await self._store.ready()

    async def drain(self) -> None:
        """Not ready; take no more jobs; finish those in hand."""
        self._serving = False
        await self._worker.drain()

    async def stop(self) -> None:
        """Also after a drain that was cut short."""
        for chore in self._chores:
            chore.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await chore
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _erase(self) -> None:
        await erase_deregistered(self._store, grace=timedelta(days=self._settings.grace_period_days))

    async def _sweep(self) -> None:
        await erase_expired(self._store, self._keeper)
        await forget_transactions(self._store, days=self._settings.transaction_days)


async def _regularly(work: Callable[[], Awaitable[None]], every_s: float) -> None:
    while True:
        await asyncio.sleep(every_s)
        try:
            await work()
        except Exception:
            _log.exception("chore failed", chore=work.__name__)
