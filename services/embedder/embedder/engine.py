"""From image bytes to a template: owns the worker threads, and whatever blocks runs on them."""

import asyncio
import queue
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, TypeVar

import cv2
import numpy as np
from wajah.contracts.errors import Code, DeadlineExceeded, WajahError
from wajah.contracts.models import FaceModel
from wajah.messaging.batching import MicroBatcher

from embedder.decode import ImageField, decode
from embedder.mask import wears_mask
from embedder.pipeline import Box, Crop, DetectedFace, Pack, Templates, main_face

T = TypeVar("T")

_MAX_WAIT_MS: Final = 3.0  # a batch of 64 takes longer than that on a GPU


@dataclass(frozen=True, slots=True)
class EmbeddedFace:
    """The main face of an image. The box is in pixels of the upright image as it was sent."""

    template: Templates
    """(dimension,), L2-normalised."""
    masked: bool
    box: Box
    faces: int
    detection_score: float


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A face that only lacks its template."""

    crop: Crop
    masked: bool
    box: Box
    faces: int
    detection_score: float


class Engine:
    """Embeds images, `workers` at a time.

    With `max_batch` 1 one worker takes an image all the way: on a CPU batches gain nothing. Above 1, recognition gathers the
    faces of several jobs into one batch: for a GPU. The pack is the engine's from then on. Making one blocks: a replica of
    the default pack takes 0.2 s.
    """

    def __init__(self, pack: Pack, *, workers: int, max_batch: int = 1) -> None:
        cv2.setNumThreads(1)  # the workers are the parallelism
        self._model = pack.manifest.face_model()
        self._executor = ThreadPoolExecutor(workers, thread_name_prefix="embed")
        self._packs: queue.SimpleQueue[Pack] = queue.SimpleQueue()
        for replica in (pack, *(pack.replica() for _ in range(workers - 1))):
            self._packs.put(replica)
        self._batcher: MicroBatcher[Crop, Templates] | None = None
        if max_batch > 1:
            self._batcher = MicroBatcher(self._recognise, max_batch=max_batch, max_wait_ms=_MAX_WAIT_MS)

    @property
    def model(self) -> FaceModel:
        """Whose templates these are."""
        return self._model

    async def embed(
        self, data: bytes, *, field: ImageField, deadline: float, min_face_px: float, alone: bool = False
    ) -> EmbeddedFace:
        """The main face of an image (`pipeline.main_face`); `deadline` is Unix time in seconds, `alone`: in no batch.

        Raises WajahError: an undecodable image by its field (491, 493, 495), no face 412, a face lower than `min_face_px`
        413, 503 past the deadline.
        """
        if self._batcher is None:
            return await self._run(lambda pack: _embed(pack, data, field, min_face_px, deadline))
        prepared = await self._run(lambda pack: _prepare(pack, data, field, min_face_px, deadline))
        return _finished(prepared, await self._batcher.submit(prepared.crop, deadline=deadline, alone=alone))

    async def close(self) -> None:
        """Return when the work under way is done."""
        if self._batcher is not None:
            await self._batcher.close()
        await asyncio.to_thread(self._executor.shutdown)

    async def _recognise(self, crops: list[Crop]) -> list[Templates | Exception]:
        return list(await self._run(lambda pack: pack.recognise(crops)))

    async def _run(self, work: Callable[[Pack], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._with_pack, work)

    def _with_pack(self, work: Callable[[Pack], T]) -> T:
        """There are as many replicas as threads: this never waits."""
        pack = self._packs.get()
        try:
            return work(pack)
        finally:
            self._packs.put(pack)


def _embed(pack: Pack, data: bytes, field: ImageField, min_face_px: float, deadline: float) -> EmbeddedFace:
    prepared = _prepare(pack, data, field, min_face_px, deadline)
    _check(deadline)
    return _finished(prepared, pack.recognise([prepared.crop])[0])


def _prepare(pack: Pack, data: bytes, field: ImageField, min_face_px: float, deadline: float) -> _Prepared:
    _check(deadline)  # it may have waited for a free worker
    picture = decode(data, field=field)
    faces = pack.detect(picture.pixels)
    if not faces:
        raise WajahError(Code.FACE_NOT_DETECTED)
    face = main_face(faces, picture.pixels)
    if face.size * picture.shrunk < min_face_px:
        raise WajahError(Code.FACE_TOO_SMALL)
    return _Prepared(
        crop=pack.align(picture.pixels, face),
        masked=wears_mask(pack.portrait(picture.pixels, face)),
        box=_as_sent(face, picture.shrunk),
        faces=len(faces),
        detection_score=face.score,
    )


def _as_sent(face: DetectedFace, shrunk: int) -> Box:
    return Box(*(edge * shrunk for edge in face.box))


def _finished(face: _Prepared, template: Templates) -> EmbeddedFace:
    return EmbeddedFace(np.asarray(template, np.float32), face.masked, face.box, face.faces, face.detection_score)


def _check(deadline: float) -> None:
    if time.time() >= deadline:
        raise DeadlineExceeded
