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
from wajah.contracts.errors import MESSAGES, Code, DeadlineExceeded, WajahError
from wajah.contracts.models import FaceModel
from wajah.contracts.quality import Quality
from wajah.messaging.batching import MicroBatcher

from embedder.decode import ImageField, Picture, decode
from embedder.ktp import person_and_card
from embedder.pipeline import Box, Crop, DetectedFace, Pack, Templates, main_face
from embedder.quality import quality

T = TypeVar("T")

_MAX_WAIT_MS: Final = 3.0  # a batch of 64 takes longer than that on a GPU


@dataclass(frozen=True, slots=True)
class EmbeddedFace:
    """A face of an image. The box is in pixels of the upright image as it was sent, `faces` how many were found there."""

    template: Templates
    """(dimension,), L2-normalised."""
    masked: bool
    box: Box
    faces: int
    detection_score: float
    quality: Quality


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A face that only lacks its template."""

    crop: Crop
    masked: bool
    box: Box
    faces: int
    detection_score: float
    quality: Quality


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
        (face,) = await self._embed(
            lambda pack: [_main_face(pack, data, field, min_face_px, deadline)], deadline=deadline, alone=alone
        )
        return face

    async def embed_pair(
        self, data: bytes, *, deadline: float, min_person_px: float, min_card_px: float, alone: bool = False
    ) -> tuple[EmbeddedFace, EmbeddedFace]:
        """The person and the portrait on the identity card beside them (`ktp.person_and_card`).

        Raises WajahError as `embed` does, and 412 where there is one face only.
        """
        person, card = await self._embed(
            lambda pack: _person_and_card(pack, data, min_person_px, min_card_px, deadline), deadline=deadline, alone=alone
        )
        return person, card

    async def close(self) -> None:
        """Return when the work under way is done."""
        if self._batcher is not None:
            await self._batcher.close()
        await asyncio.to_thread(self._executor.shutdown)

    async def _embed(
        self, prepare: Callable[[Pack], list[_Prepared]], *, deadline: float, alone: bool
    ) -> list[EmbeddedFace]:
        if self._batcher is None:
            return await self._run(lambda pack: _finished(pack, prepare(pack), deadline))
        prepared = await self._run(prepare)
        batcher = self._batcher
        templates = await asyncio.gather(*(batcher.submit(face.crop, deadline=deadline, alone=alone) for face in prepared))
        return [_embedded(face, template) for face, template in zip(prepared, templates, strict=True)]

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


def _main_face(pack: Pack, data: bytes, field: ImageField, min_face_px: float, deadline: float) -> _Prepared:
    _check(deadline)  # it may have waited for a free worker
    picture = decode(data, field=field)
    faces = pack.detect(picture.pixels)
    if not faces:
        raise WajahError(Code.FACE_NOT_DETECTED)
    face = main_face(faces, picture.pixels)
    if face.size * picture.shrunk < min_face_px:
        raise WajahError(Code.FACE_TOO_SMALL)
    return _prepared(pack, picture, face, len(faces))


def _person_and_card(pack: Pack, data: bytes, min_person_px: float, min_card_px: float, deadline: float) -> list[_Prepared]:
    _check(deadline)
    picture = decode(data, field="image")
    person, card, faces = person_and_card(pack, picture.pixels)
    if person.size * picture.shrunk < min_person_px:
        raise WajahError(Code.FACE_TOO_SMALL)
    if card.size * picture.shrunk < min_card_px:
        raise WajahError(Code.FACE_TOO_SMALL, f"{MESSAGES[Code.FACE_TOO_SMALL]}: the card's")
    return [_prepared(pack, picture, face, faces) for face in (person, card)]


def _prepared(pack: Pack, picture: Picture, face: DetectedFace, faces: int) -> _Prepared:
    portrait = pack.portrait(picture.pixels, face)
    return _Prepared(
        crop=pack.align(picture.pixels, face),
        masked=pack.wears_mask(portrait),
        box=Box(*(edge * picture.shrunk for edge in face.box)),
        faces=faces,
        detection_score=face.score,
        quality=quality(portrait, face.landmarks, pack.layout, face_px=face.size * picture.shrunk),
    )


def _finished(pack: Pack, faces: list[_Prepared], deadline: float) -> list[EmbeddedFace]:
    _check(deadline)
    templates = pack.recognise([face.crop for face in faces])
    return [_embedded(face, template) for face, template in zip(faces, templates, strict=True)]


def _embedded(face: _Prepared, template: Templates) -> EmbeddedFace:
    return EmbeddedFace(
        np.asarray(template, np.float32), face.masked, face.box, face.faces, face.detection_score, face.quality
    )


def _check(deadline: float) -> None:
    if time.time() >= deadline:
        raise DeadlineExceeded
