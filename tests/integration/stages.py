"""A hand-written embed stage, fast and exact: its pictures say who is on them. Everything around it is the real thing."""

import base64
import json
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt
from wajah.contracts.envelope import Job
from wajah.contracts.errors import Code, WajahError
from wajah.contracts.jobs import Enrol, Payload
from wajah.contracts.models import Calibration, FaceModel
from wajah.contracts.results import Compared, Embedded, EmbeddedPair, FaceBox
from wajah.contracts.stages import Stage
from wajah.messaging.slip import StageHandler

DIMENSION = 64
MODEL = FaceModel(
    model_id="pictures that tell",
    dimension=DIMENSION,
    calibration=Calibration(cosines=(0.0, 0.5, 1.0), similarities=(0.0, 0.75, 1.0)),
    licence="none",
)
JPEG_HEAD = b"\xff\xd8\xff\xe0"


def picture(
    person: str | None,
    *,
    masked: bool = False,
    small: bool = False,
    damaged: bool = False,
    likeness: float = 1.0,
    faces: int = 1,
) -> bytes:
    """A JPEG as far as its first bytes. `likeness` is the cosine to the person's other pictures."""
    fields = {
        "person": person,
        "masked": masked,
        "small": small,
        "damaged": damaged,
        "likeness": likeness,
        "faces": faces,
    }
    return JPEG_HEAD + json.dumps(fields).encode()


def picture_text(person: str | None, **how: Any) -> str:
    """The picture as it stands in a request."""
    return base64.b64encode(picture(person, **how)).decode()


def _direction(name: str) -> npt.NDArray[np.float64]:
    vector = np.random.default_rng(zlib.crc32(name.encode())).standard_normal(DIMENSION)
    return np.asarray(vector / np.linalg.norm(vector))


def _template(fields: dict[str, Any]) -> npt.NDArray[np.float32]:
    likeness = fields["likeness"]
    mixed = likeness * _direction(fields["person"]) + np.sqrt(1 - likeness**2) * _direction(f"not {fields['person']}")
    return np.asarray(mixed / np.linalg.norm(mixed), dtype=np.float32)


def _look(image: bytes, payload: Payload) -> dict[str, Any]:
    try:
        fields: dict[str, Any] = json.loads(image.removeprefix(JPEG_HEAD))
    except ValueError:
        raise WajahError(Code.IMAGE_ERROR) from None
    if fields["damaged"]:
        raise WajahError(Code.IMAGE_ERROR)
    if fields["person"] is None:
        raise WajahError(Code.FACE_NOT_DETECTED)
    if fields["small"] and not (isinstance(payload, Enrol) and payload.force):
        raise WajahError(Code.FACE_TOO_SMALL)
    if fields["faces"] > 1 and isinstance(payload, Enrol) and payload.single_face:
        raise WajahError(Code.SEVERAL_FACES)
    return fields


async def embed(job: Job[Any]) -> Embedded:
    fields = _look(job.payload.image, job.payload)
    return Embedded(
        template=_template(fields).astype("<f4").tobytes(),
        dimension=DIMENSION,
        model_id=MODEL.model_id,
        masked=fields["masked"],
        box=FaceBox(left=0, top=0, right=100, bottom=120),
        faces=fields["faces"],
        detection_score=1.0,
    )


async def embed_ktp(job: Job[Any]) -> EmbeddedPair:
    """Who is on the picture is on the card, too, as alike as the picture says."""
    person = await embed(job)
    similarity = MODEL.calibration.similarity(_look(job.payload.image, job.payload)["likeness"])
    threshold = MODEL.threshold if job.payload.threshold is None else job.payload.threshold
    return EmbeddedPair(**dict(person), similarity=similarity, verified=similarity >= threshold)


async def compare(job: Job[Any]) -> Compared:
    source, target = (_look(image, job.payload) for image in (job.payload.source_image, job.payload.target_image))
    similarity = MODEL.calibration.similarity(float(_template(source) @ _template(target)))
    return Compared(
        similarity=similarity,
        verified=similarity >= MODEL.threshold,
        masked=source["masked"] or target["masked"],
        model_id=MODEL.model_id,
    )


STAGES: dict[Stage, StageHandler] = {Stage.EMBED: embed, Stage.EMBED_KTP: embed_ktp, Stage.COMPARE: compare}
