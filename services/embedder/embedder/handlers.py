"""The stages that look at pictures: what each job asks of the engine, and what it leaves in the message."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from wajah.contracts.envelope import Job
from wajah.contracts.errors import Code, WajahError
from wajah.contracts.jobs import Compare, Enrol, Payload, ProbePayload
from wajah.contracts.results import Compared, Embedded, FaceBox
from wajah.contracts.stages import Stage
from wajah.messaging.slip import StageHandler

from embedder.decode import ImageField
from embedder.engine import EmbeddedFace, Engine

ANY_SIZE: Final = 0.0
SAME_IMAGE: Final = 1 - 1e-6  # float32 rounding of a template's product with itself

_FACE_FAULTS: Final = frozenset({Code.FACE_NOT_DETECTED, Code.FACE_TOO_SMALL})


@dataclass(frozen=True, slots=True)
class SizeGate:
    """Lowest height of a face in pixels, brow to chin."""

    enrolment_px: float
    """A small face in a gallery spoils every later search of it."""
    probe_px: float
    """Below this there is nothing left to recognise."""

    def of(self, payload: Payload) -> float:
        if isinstance(payload, Enrol):
            return ANY_SIZE if payload.force else self.enrolment_px
        return self.probe_px


class Handlers:
    """The embedder's stages on one engine."""

    def __init__(self, engine: Engine, gate: SizeGate) -> None:
        self._engine = engine
        self._gate = gate

    def table(self) -> dict[Stage, StageHandler]:
        return {Stage.EMBED: self.embed, Stage.COMPARE: self.compare}

    async def embed(self, job: Job[Any]) -> Embedded:
        """The template of the image's largest face; for an enrolment that asks for it, of its only face (else 414)."""
        if not isinstance(job.payload, ProbePayload):
            raise WajahError(Code.MALFORMED, "Request malformed: image")
        face = await self._face(job, job.payload.image, "image")
        if isinstance(job.payload, Enrol) and job.payload.single_face and face.faces > 1:
            raise WajahError(Code.SEVERAL_FACES)
        return Embedded(
            template=face.template.astype("<f4").tobytes(),
            dimension=self._engine.model.dimension,
            model_id=self._engine.model.model_id,
            masked=face.masked,
            box=FaceBox(left=face.box.left, top=face.box.top, right=face.box.right, bottom=face.box.bottom),
            faces=face.faces,
            detection_score=face.detection_score,
        )

    async def compare(self, job: Job[Any]) -> Compared:
        """How similar the faces of two images are. Of several faults one is told, in the public order: first the images',
        then the faces'; source before target."""
        payload = job.payload
        if not isinstance(payload, Compare):
            raise WajahError(Code.MALFORMED, "Request malformed: source_image")
        source, target = await asyncio.gather(
            self._face(job, payload.source_image, "source_image"),
            self._face(job, payload.target_image, "target_image"),
            return_exceptions=True,
        )
        if isinstance(source, BaseException) or isinstance(target, BaseException):
            raise _first_fault([face for face in (source, target) if isinstance(face, BaseException)])
        model = self._engine.model
        cosine = float(np.dot(source.template, target.template))
        similarity = 1.0 if cosine >= SAME_IMAGE else model.calibration.similarity(cosine)
        threshold = model.threshold if payload.threshold is None else payload.threshold
        return Compared(
            similarity=similarity,
            verified=similarity >= threshold,
            masked=source.masked or target.masked,
            model_id=model.model_id,
        )

    async def _face(self, job: Job[Any], image: bytes, field: ImageField) -> EmbeddedFace:
        return await self._engine.embed(
            image,
            field=field,
            deadline=job.envelope.deadline,
            min_face_px=self._gate.of(job.payload),
            alone=job.envelope.attempts > 0,
        )


def _first_fault(faults: Sequence[BaseException]) -> BaseException:
    """Anything but a face's fault goes first."""
    return min(faults, key=lambda fault: isinstance(fault, WajahError) and fault.code in _FACE_FAULTS)
