"""The stages that look at pictures: what each job asks of the engine, and what it leaves in the message."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from wajah.contracts.envelope import Job
from wajah.contracts.errors import Code, WajahError
from wajah.contracts.jobs import Compare, Enrol, EnrolKtp, Payload, ProbePayload
from wajah.contracts.results import Compared, Embedded, EmbeddedPair, FaceBox
from wajah.contracts.stages import Stage
from wajah.messaging.slip import StageHandler

from embedder.decode import ImageField
from embedder.engine import EmbeddedFace, Engine

ANY_SIZE: Final = 0.0

_FACE_FAULTS: Final = frozenset({Code.FACE_NOT_DETECTED, Code.FACE_TOO_SMALL})


@dataclass(frozen=True, slots=True)
class SizeGate:
    """Lowest height of a face in pixels, brow to chin."""

    enrolment_px: float
    """A small face in a gallery spoils every later search of it."""
    probe_px: float
    """Below this there is nothing left to recognise."""
    card_px: float
    """The portrait on an identity card may be smaller than the person: it is compared once, and stays in no gallery."""

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
        return {Stage.EMBED: self.embed, Stage.EMBED_KTP: self.embed_ktp, Stage.COMPARE: self.compare}

    async def embed(self, job: Job[Any]) -> Embedded:
        """The template of the image's largest face; for an enrolment that asks for it, of its only face (else 414)."""
        if not isinstance(job.payload, ProbePayload):
            raise WajahError(Code.MALFORMED, "Request malformed: image")
        face = await self._face(job, job.payload.image, "image")
        if isinstance(job.payload, Enrol) and job.payload.single_face and face.faces > 1:
            raise WajahError(Code.SEVERAL_FACES)
        return Embedded(template=face.template.astype("<f4").tobytes(), **self._described(face))

    async def embed_ktp(self, job: Job[Any]) -> EmbeddedPair:
        """The person of an image that also shows their identity card, compared with the portrait on it.

        Nobody is photographed for a card with a mask on: a mask that is seen on the small portrait is none.
        """
        payload = job.payload
        if not isinstance(payload, EnrolKtp):
            raise WajahError(Code.MALFORMED, "Request malformed: image")
        person, card = await self._engine.embed_pair(
            payload.image,
            deadline=job.envelope.deadline,
            min_person_px=self._gate.enrolment_px,
            min_card_px=self._gate.card_px,
            alone=job.envelope.attempts > 0,
        )
        similarity, verified = self._compared(person, replace(card, masked=False), payload.threshold)
        return EmbeddedPair(
            template=person.template.astype("<f4").tobytes() if verified else b"",
            similarity=similarity,
            verified=verified,
            **self._described(person),
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
        similarity, verified = self._compared(source, target, payload.threshold)
        return Compared(
            similarity=similarity,
            verified=verified,
            masked=source.masked or target.masked,
            model_id=self._engine.model.model_id,
        )

    def _compared(self, face: EmbeddedFace, other: EmbeddedFace, threshold: float | None) -> tuple[float, bool]:
        """The similarity, calibrated for the masks of both, and whether it reaches the threshold, else the model's."""
        model = self._engine.model
        cosine = float(np.dot(face.template, other.template))
        similarity = model.similarity(cosine, face.masked, other.masked)
        return similarity, similarity >= (model.threshold if threshold is None else threshold)

    def _described(self, face: EmbeddedFace) -> dict[str, Any]:
        """The fields of `Embedded` but for the template."""
        return {
            "dimension": self._engine.model.dimension,
            "model_id": self._engine.model.model_id,
            "masked": face.masked,
            "box": FaceBox(left=face.box.left, top=face.box.top, right=face.box.right, bottom=face.box.bottom),
            "faces": face.faces,
            "detection_score": face.detection_score,
            "quality": face.quality,
        }

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
