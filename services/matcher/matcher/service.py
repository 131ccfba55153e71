"""The matcher as a part of a process: takes its shards' jobs, between a bus and a store that others start."""

import asyncio
import contextlib

import structlog
from wajah.messaging.bus import Bus
from wajah.messaging.slip import OnFinished, Source, Worker
from wajah.messaging.topology import Topology
from wajah.runtime_check import installed_one_of
from wajah.storage.ports import Store

from matcher.gallery import Resources
from matcher.handlers import handlers
from matcher.keeper import Keeper
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
        self._audits: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Raises RuntimeUnfit unless exactly one build of FAISS is installed, BusError when a queue can't be consumed."""
        installed_one_of("faiss-cpu", "faiss-gpu")
        await self._worker.start(self.sources())
        self._audits = asyncio.create_task(self._audit(), name="gallery audits")
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
        if self._audits is not None:
            self._audits.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._audits
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _audit(self) -> None:
        while True:
            await asyncio.sleep(self._settings.audit_every_s)
            try:
                await self._keeper.audit()
            except Exception:
                _log.exception("audit failed")
