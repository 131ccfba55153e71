"""The gallery's slot array against plain FAISS on the same faces, what its changes cost, and how long it loads.

Both sides take turns in one run. Times of searches are the best of their turns, what is left when nobody disturbs; times of
changes, too short for that, are medians.
"""

import asyncio
import statistics
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import faiss
import numpy as np
from matcher.gallery import Resources
from matcher.keeper import Keeper
from matcher.slots import BLAS_FROM, SlotArray, Templates
from matcher.threads import search_threads
from wajah.contracts.models import Calibration, FaceModel
from wajah.contracts.types import GalleryKey
from wajah.storage.ports import Client, Face, Quota, Store

DIMENSION = 512
TURNS = 15
LOADED_AT_ONCE = 4096
WRITERS = 64
CALIBRATION = Calibration(cosines=(0.0, 1.0), similarities=(0.0, 1.0))


@dataclass(frozen=True, slots=True)
class SearchFigures:
    """Milliseconds of one search. Ours uses one core, since galleries are searched side by side.

    `plain_ms` is `faiss.knn` on one contiguous array, set as we set it; `installed_ms` is `IndexFlatIP` as installed, on all
    cores, and `installed_one_core_ms` the same on one.
    """

    faces: int
    probes: int
    ours_ms: float
    plain_ms: float
    installed_ms: float
    installed_one_core_ms: float

    @property
    def against_plain(self) -> float:
        return self.plain_ms / self.ours_ms

    @property
    def against_installed(self) -> float:
        return self.installed_ms / self.ours_ms

    @property
    def against_installed_one_core(self) -> float:
        return self.installed_one_core_ms / self.ours_ms


@dataclass(frozen=True, slots=True)
class ChangeFigures:
    """Microseconds of one change, or one comparison with a known face."""

    faces: int
    add_us: float
    remove_us: float
    verify_us: float


@dataclass(frozen=True, slots=True)
class LoadFigures:
    """Seconds from the first question of a matcher that has just started to its answer, the gallery being in the store."""

    faces: int
    load_s: float
    enrolments_per_s: float
    """Straight into the store, with `WRITERS` at once."""


def random_templates(count: int, *, seed: int = 0) -> Templates:
    """L2-normalised, shape (count, DIMENSION)."""
    templates = np.random.default_rng(seed).standard_normal((count, DIMENSION), dtype=np.float32)
    templates /= np.linalg.norm(templates, axis=1, keepdims=True)
    return templates


def search_figures(faces: int, probe_counts: tuple[int, ...] = (1, 8, 64)) -> list[SearchFigures]:
    """Best match of each probe among `faces`."""
    templates = random_templates(faces)
    slots = _filled(templates)
    index = faiss.IndexFlatIP(DIMENSION)
    index.add(templates)
    return [_search(slots, templates, index, random_templates(count, seed=count)) for count in probe_counts]


def _search(slots: SlotArray, templates: Templates, index: faiss.IndexFlatIP, probes: Templates) -> SearchFigures:
    (installed_ms,) = _best_ms(lambda: index.search(probes, 1))
    with _settings(blas_from=faiss.cvar.distance_compute_blas_threshold):
        (installed_one_core_ms,) = _best_ms(lambda: index.search(probes, 1))
    with _settings(blas_from=BLAS_FROM * DIMENSION):
        ours_ms, plain_ms = _best_ms(
            lambda: slots.search(probes, 1), lambda: faiss.knn(probes, templates, 1, faiss.METRIC_INNER_PRODUCT)
        )
    return SearchFigures(len(templates), len(probes), ours_ms, plain_ms, installed_ms, installed_one_core_ms)


def change_figures(faces: int, changes: int = 2000) -> ChangeFigures:
    """One face at a time in a gallery of `faces`."""
    slots = _filled(random_templates(faces))
    others = random_templates(changes, seed=1)
    add_us = _median_us(changes, lambda n: slots.put(f"other {n}", "Other", others[n]))
    verify_us = _median_us(changes, lambda n: slots.match(f"other {n}", others[n]))
    remove_us = _median_us(changes, lambda n: slots.remove(f"face {n}"))
    return ChangeFigures(faces, add_us, remove_us, verify_us)


async def load_figures(store: Store, faces: int) -> LoadFigures:
    """Fills a gallery of the store, through its ports, and loads it."""
    model = FaceModel(model_id="benchmark", dimension=DIMENSION, calibration=CALIBRATION, licence="none")
    gallery = GalleryKey(uuid.uuid4().hex, "benchmark")
    await store.clients.add(Client(gallery.client_id, "nobody signs in", dict.fromkeys(Quota), datetime.now(UTC)))
    await store.galleries.create(gallery, uuid.uuid4().hex)
    templates = random_templates(faces)
    started = time.perf_counter()
    waiting = iter(range(faces))
    await asyncio.gather(*(_enrol(store, gallery, model, templates, waiting) for _ in range(WRITERS)))
    enrolled_s = time.perf_counter() - started
    with search_threads(1) as threads:
        keeper = Keeper(Resources(store, threads, asyncio.Semaphore(1), batch=64, wait_ms=0), memory_bytes=1 << 34)
        started = time.perf_counter()
        found = await keeper.open(gallery, model).nearest(templates[-1], 1, deadline=time.time() + 600)
        load_s = time.perf_counter() - started
    if [match.user_id for match in found] != [f"face {faces - 1}"]:
        raise AssertionError("the gallery was not loaded")
    await store.galleries.delete(gallery, uuid.uuid4().hex)
    return LoadFigures(faces, load_s, faces / enrolled_s)


async def _enrol(store: Store, gallery: GalleryKey, model: FaceModel, templates: Templates, waiting: Iterator[int]) -> None:
    for n in waiting:
        face = Face(
            gallery=gallery,
            user_id=f"face {n}",
            user_name=f"Face {n}",
            model_id=model.model_id,
            template=templates[n],
            job_id=f"job {n}",
            enrolled_at=datetime.now(UTC),
        )
        await store.faces.enrol(face, replace=False)


def _filled(templates: Templates) -> SlotArray:
    slots = SlotArray(DIMENSION)
    for start in range(0, len(templates), LOADED_AT_ONCE):
        batch = templates[start : start + LOADED_AT_ONCE]
        names = [f"face {start + n}" for n in range(len(batch))]
        slots.put_many(names, names, batch)
    return slots


@contextmanager
def _settings(*, blas_from: int) -> Iterator[None]:
    """FAISS on one core, with a matrix product from `blas_from` values on, for a while: both are process-wide."""
    threads, was = faiss.omp_get_max_threads(), faiss.cvar.distance_compute_blas_threshold
    faiss.omp_set_num_threads(1)
    faiss.cvar.distance_compute_blas_threshold = blas_from
    try:
        yield
    finally:
        faiss.omp_set_num_threads(threads)
        faiss.cvar.distance_compute_blas_threshold = was


def _best_ms(*works: Callable[[], object]) -> list[float]:
    return [min(spent) * 1e3 for spent in zip(*([_spent_s(work) for work in works] for _ in range(TURNS)), strict=True)]


def _median_us(times: int, work: Callable[[int], object]) -> float:
    return statistics.median([_spent_s(lambda n=n: work(n)) for n in range(times)]) * 1e6


def _spent_s(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
