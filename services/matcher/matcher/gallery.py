"""One gallery's view of the store: the faces of one model, in step with the store's sequence, searched in micro-batches.

All questions go through one batcher, so a gallery does one thing at a time: it follows the store, then answers the batch in
one search. Whoever wrote, a question asked after a write returned sees it.
"""

import asyncio
import math
import threading
from collections.abc import Callable, Mapping, Set
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

import structlog
from wajah.contracts.errors import Code, WajahError
from wajah.contracts.models import FaceModel
from wajah.contracts.types import GalleryKey
from wajah.messaging.batching import MicroBatcher
from wajah.storage.ports import Face, GalleryNotFound, Store

from matcher.by_mask import FacesByMask
from matcher.questions import Answer, CatchUp, Claim, Nearest, Question, answers
from matcher.slots import Match, Templates

P = ParamSpec("P")
T = TypeVar("T")

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Resources:
    """What the galleries of a matcher share. A search takes at most `batch` questions, gathered for at most `wait_ms`."""

    store: Store
    threads: Executor
    loads: asyncio.Semaphore
    batch: int
    wait_ms: float


class Gallery:
    """Loads at the first question. `on_resized` hears of memory in use, `on_gone` that the store has no such gallery."""

    def __init__(
        self,
        key: GalleryKey,
        model: FaceModel,
        resources: Resources,
        *,
        on_resized: Callable[["Gallery"], None],
        on_gone: Callable[["Gallery"], None],
    ) -> None:
        self.key = key
        self.model = model
        self._store = resources.store
        self._threads = resources.threads
        self._loads = resources.loads
        self._on_resized = on_resized
        self._on_gone = on_gone
        self._owner = threading.Lock()  # FAISS crashes when rows change during a search
        self._view: FacesByMask | None = None
        self._sequence = 0
        self._batcher: MicroBatcher[Question, Answer] = MicroBatcher(
            self._answer, max_batch=resources.batch, max_wait_ms=resources.wait_ms
        )

    @property
    def loaded(self) -> bool:
        return self._view is not None

    @property
    def nbytes(self) -> int:
        return 0 if self._view is None else self._view.nbytes

    async def nearest(self, probe: Templates, k: int, *, deadline: float, alone: bool = False) -> list[Match]:
        """The `k` nearest bare faces, best first, and the `k` nearest masked ones.

        Raises GalleryNotFound, StoreUnavailable, or DeadlineExceeded: a load that was the reason goes on.
        """
        return await self._batcher.submit(Nearest(probe, k), deadline=deadline, alone=alone)

    async def match(self, user_id: str, probe: Templates, *, deadline: float, alone: bool = False) -> Match | None:
        """The fit with one face, None when this model has none of `user_id`. Raises like `nearest`."""
        found = await self._batcher.submit(Claim(probe, user_id), deadline=deadline, alone=alone)
        return found[0] if found else None

    async def follow(self, *, deadline: float) -> None:
        """Take over what changed in the store. Raises like `nearest`."""
        await self._batcher.submit(CatchUp(), deadline=deadline)

    async def audit(self) -> int | None:
        """How many faces differ from the store's; None when the gallery is not loaded, or changed meanwhile."""
        view, sequence = self._view, self._sequence
        if view is None or await self._store.galleries.sequence(self.key) != sequence:
            return None
        stored = differing = 0
        async for batch in self._store.faces.load(self.key, self.model.model_id):
            stored += len(batch.user_ids)
            differing += len(await self._run(view.differing, batch))
        if self._sequence != sequence or await self._store.galleries.sequence(self.key) != sequence:
            return None
        return differing or abs(stored - len(view))

    def forget(self) -> None:
        """Drop the view; the next question loads it afresh."""
        self._view = None

    async def _answer(self, questions: list[Question]) -> list[Answer | Exception]:
        try:
            view = await self._current()
        except WajahError as error:
            if isinstance(error, GalleryNotFound):
                self._view = None
                self._on_gone(self)
            return [error] * len(questions)
        self._on_resized(self)
        return await self._run(answers, view, questions)

    async def _current(self) -> FacesByMask:
        """The view, in step with the store as it is now or later."""
        view = self._view
        if view is not None:
            changes = await self._store.galleries.changes(self.key, self._sequence)
            if changes.sequence == self._sequence:
                return view
            if changes.user_ids is not None:
                await self._take_over(view, changes.user_ids)
                self._sequence = changes.sequence
                return view
            _log.info("gallery is too far behind, reloading", gallery=self.key, sequence=changes.sequence)
        async with self._loads:
            return await self._load()

    async def _load(self) -> FacesByMask:
        """A new view. It notes the store's changes while it loads, lest a busy gallery be too far behind at the end.

        Raises WajahError 503 where the gallery changes faster than it loads.
        """
        self._view = None
        view = FacesByMask(self.model.dimension)
        sequence = await self._store.galleries.sequence(self.key)
        changed: set[str] = set()
        async for batch in self._store.faces.load(self.key, self.model.model_id):
            await self._run(view.put_many, batch)
            sequence = await self._noted(sequence, changed)
        sequence = await self._noted(sequence, changed)
        await self._take_over(view, changed)
        self._view, self._sequence = view, sequence
        return view

    async def _noted(self, since: int, changed: set[str]) -> int:
        """The store's sequence now; who changed since then joins `changed`."""
        changes = await self._store.galleries.changes(self.key, since)
        if changes.user_ids is None:
            raise WajahError(Code.BUSY, retry_after_s=1.0)
        changed |= changes.user_ids
        return changes.sequence

    async def _take_over(self, view: FacesByMask, user_ids: Set[str]) -> None:
        if not user_ids:
            return
        faces = await self._store.faces.get_many(self.key, sorted(user_ids))
        mine = {face.user_id: face for face in faces if face.model_id == self.model.model_id}
        await self._run(_apply, view, user_ids, mine)

    async def _run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Work on a view, in a thread, as the only one."""

        def owned() -> T:
            with self._owner:
                return work(*args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._threads, owned)


def _apply(view: FacesByMask, user_ids: Set[str], faces: Mapping[str, Face]) -> None:
    for user_id in user_ids:
        face = faces.get(user_id)
        if face is None:
            view.remove(user_id)
        else:
            end = math.inf if face.retention_until is None else face.retention_until.timestamp()
            view.put(user_id, face.user_name, face.template, masked=face.masked, retained_until=end)
