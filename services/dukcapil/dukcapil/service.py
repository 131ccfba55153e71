"""The connector as a part of a process, between a bus and a store that others start."""

import structlog
from wajah.messaging.bus import Bus
from wajah.messaging.caller import Jobs
from wajah.messaging.slip import OnFinished, Source, Worker
from wajah.messaging.topology import Topology
from wajah.storage.ports import Store

from dukcapil.account import Account
from dukcapil.dukcapil_registry import DukcapilRegistry
from dukcapil.handlers import Handlers
from dukcapil.own_registry import OwnRegistry
from dukcapil.registry import Registry
from dukcapil.settings import DukcapilSettings
from dukcapil.upstream import Dukcapil

PREFETCH_PER_CALL = 2  # verifications against the own register take none of the calls to Dukcapil

_log = structlog.get_logger(__name__)


class DukcapilService:
    """`wajah.messaging.service.Service`. Start it after what it stands on.

    Raises KeyUnfit, or OSError, where the key that encrypts credentials is not the one that was agreed on.
    """

    name = "dukcapil"

    def __init__(
        self,
        settings: DukcapilSettings,
        bus: Bus,
        store: Store,
        topology: Topology,
        *,
        on_finished: OnFinished | None = None,
    ) -> None:
        self._settings = settings
        self._bus = bus
        self._store = store
        self._source = Source(topology.dukcapil, PREFETCH_PER_CALL * settings.dukcapil_at_once)
        self._serving = False
        self._upstream = Dukcapil(settings, Account.of(settings) if settings.dukcapil_url else None)
        registry: Registry = OwnRegistry(store.civilians, Jobs(bus, topology))
        if settings.ktp_registry == "dukcapil":
            registry = DukcapilRegistry(self._upstream, match_score=settings.dukcapil_match_score)
        handlers = Handlers(settings, self._upstream, registry)
        self._worker = Worker(bus, topology, handlers.table(), on_finished=on_finished)

    async def start(self) -> None:
        """Raises BusError when the queue can't be consumed."""
        if not self._settings.dukcapil_url:
            _log.info("Dukcapil is not configured: it is told to be unreachable")
        await self._worker.start([self._source])
        self._serving = True

    async def ready(self) -> bool:
        """Whether Dukcapil answers is no part of it: a restart of ours would not bring it back."""
        return self._serving and self._bus.ready and await self._store.ready()

    async def drain(self) -> None:
        """Not ready; take no more jobs; finish the calls in hand."""
        self._serving = False
        await self._worker.drain()

    async def stop(self) -> None:
        """Also after a drain that was cut short."""
        await self._upstream.close()
