"""The connector as a part of a process: takes its stages' jobs, between a bus and a store that others start."""

import asyncio
import contextlib

import structlog
from wajah.messaging.bus import Bus
from wajah.messaging.slip import OnFinished, Source, Worker
from wajah.messaging.topology import Topology
from wajah.storage.ports import Store

from pedulilindungi.audit import audit
from pedulilindungi.handlers import Handlers
from pedulilindungi.reconciler import Reconciler
from pedulilindungi.settings import PeduliLindungiSettings
from pedulilindungi.upstream import PeduliLindungi

_log = structlog.get_logger(__name__)


class PeduliLindungiService:
    """`wajah.messaging.service.Service`. Start it after what it stands on."""

    name = "pedulilindungi"

    def __init__(
        self,
        settings: PeduliLindungiSettings,
        bus: Bus,
        store: Store,
        topology: Topology,
        *,
        on_finished: OnFinished | None = None,
    ) -> None:
        self._settings = settings
        self._bus = bus
        self._store = store
        self._queues = topology.pedulilindungi
        self._serving = False
        self._upstream = PeduliLindungi(settings)
        handlers = Handlers(
            self._upstream,
            store.upstream_calls,
            timeout_s=settings.pl_timeout_s,
            reserve_s=settings.pl_reserve_s,
        )
        self._worker = Worker(bus, topology, handlers.table(), on_finished=on_finished)
        self._reconciler = Reconciler(bus, topology, store)
        self._audits: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Raises BusError when a queue can't be consumed."""
        if self._settings.pl_stand_in:
            _log.warning("PeduliLindungi is a stand-in: nobody is registered or checked in anywhere")
        elif not self._settings.pl_url:
            _log.info("PeduliLindungi is not configured: it is told to be unreachable")
        at_once = self._settings.pl_at_once
        await self._worker.start([Source(self._queues.reads, at_once), Source(self._queues.writes, at_once)])
        await self._reconciler.start()
        self._audits = asyncio.create_task(self._audit(), name="PeduliLindungi audits")
        self._serving = True

    async def ready(self) -> bool:
        """Whether PeduliLindungi answers is no part of it: a restart of ours would not bring it back."""
        return self._serving and self._bus.ready and await self._store.ready()

    async def drain(self) -> None:
        """Not ready; take no more jobs; finish the calls in hand."""
        self._serving = False
        await asyncio.gather(self._worker.drain(), self._reconciler.drain())

    async def stop(self) -> None:
        """Also after a drain that was cut short."""
        if self._audits is not None:
            self._audits.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._audits
        await self._upstream.close()

    async def _audit(self) -> None:
        while True:
            try:
                await audit(self._store.upstream_calls, retention_days=self._settings.pl_retention_days)
            except Exception:
                _log.exception("audit failed")
            await asyncio.sleep(self._settings.pl_audit_every_s)
