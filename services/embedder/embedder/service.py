"""The embedder as a service: builds its parts from the settings, takes jobs from the embed queue, lets go in order."""

import asyncio

import structlog
from wajah.messaging.bus import Bus
from wajah.messaging.slip import OnFinished, Source, Worker
from wajah.messaging.topology import Topology
from wajah.storage.ports import Store

from embedder.default_pack import Progress
from embedder.engine import Engine
from embedder.handlers import Handlers, SizeGate
from embedder.pipeline import Pack
from embedder.registry import open_pack
from embedder.runtime_check import check_runtime
from embedder.session import gpu_present
from embedder.settings import EmbedderSettings

_log = structlog.get_logger(__name__)


def _logged(what: str, done: float) -> None:
    _log.info("preparing the model pack", step=what, percent=round(100 * done))


class EmbedderService:
    """See `wajah.messaging.service.Service`. `progress` is called from another thread while a pack is being built."""

    name = "embedder"

    def __init__(
        self,
        settings: EmbedderSettings,
        bus: Bus,
        store: Store,
        topology: Topology,
        *,
        progress: Progress = _logged,
        on_finished: OnFinished | None = None,
    ) -> None:
        self._settings = settings
        self._bus = bus
        self._store = store
        self._topology = topology
        self._progress = progress
        self._on_finished = on_finished
        self._engine: Engine | None = None
        self._worker: Worker | None = None

    async def start(self) -> None:
        """Raises RuntimeUnfit, PackUnknown, PackDamaged, StoreUnavailable, BusError."""
        check_runtime()
        settings = self._settings
        pack = await asyncio.to_thread(open_pack, settings.pack, settings.data, self._progress)
        _log_terms(pack)
        await self._store.models.register(pack.manifest.face_model())
        max_batch = settings.embedder_batch if gpu_present() else 1
        self._engine = await asyncio.to_thread(Engine, pack, workers=settings.embedder_workers, max_batch=max_batch)
        gate = SizeGate(
            enrolment_px=settings.min_enrol_face_px,
            probe_px=settings.min_probe_face_px,
            card_px=settings.min_card_face_px,
        )
        handlers = Handlers(self._engine, gate).table()
        self._worker = Worker(self._bus, self._topology, handlers, on_finished=self._on_finished)
        prefetch = 2 * max(max_batch, settings.embedder_workers)
        await self._worker.start([Source(self._topology.embed, prefetch)])

    async def ready(self) -> bool:
        return self._worker is not None

    async def drain(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            await worker.drain()

    async def stop(self) -> None:
        if self._engine is not None:
            await self._engine.close()


def _log_terms(pack: Pack) -> None:
    manifest = pack.manifest
    _log.info(
        "model pack loaded",
        pack=manifest.name,
        model=manifest.model_id,
        licence=manifest.licence,
        terms=manifest.terms,
        calibrated_on=manifest.calibrated_on,
        knows_masked_faces=manifest.mask_curves is not None,
    )
