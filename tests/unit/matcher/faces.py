"""Faces to put in a store: small templates, told apart by a seed."""

import asyncio
import time
import uuid
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
from wajah.contracts.models import Calibration, FaceModel
from wajah.contracts.types import GalleryKey
from wajah.storage.ports import Client, Face, Quota, Store

Template = npt.NDArray[np.float32]

DIMENSION = 32
GALLERY = GalleryKey("client", "main")
MODEL = FaceModel(
    model_id="model",
    dimension=DIMENSION,
    calibration=Calibration(cosines=(0.0, 0.5, 1.0), similarities=(0.0, 0.75, 1.0)),
    licence="none",
)
OTHER_MODEL = MODEL.model_copy(update={"model_id": "another model"})


def template(seed: int) -> Template:
    """L2-normalised, shape (DIMENSION,)."""
    vector = np.random.default_rng(seed).standard_normal(DIMENSION)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def at_cosine(target: Template, cosine: float) -> Template:
    """A template at a cosine from `target`."""
    other = template(987_654).astype(np.float64)
    other -= (other @ target) * target
    other /= np.linalg.norm(other)
    return (cosine * target + np.sqrt(1 - cosine**2) * other).astype(np.float32)


def face(user_id: str, seed: int, *, gallery: GalleryKey = GALLERY, model_id: str = MODEL.model_id) -> Face:
    return Face(
        gallery=gallery,
        user_id=user_id,
        user_name=f"name of {user_id}",
        model_id=model_id,
        template=template(seed),
        job_id=uuid.uuid4().hex,
        enrolled_at=datetime.now(UTC),
    )


def client(client_id: str = GALLERY.client_id, *, faces: int | None = None, galleries: int | None = None) -> Client:
    remaining = {Quota.HITS: None, Quota.FACES: faces, Quota.GALLERIES: galleries}
    return Client(client_id, "no password", remaining, datetime.now(UTC))


async def enrol(store: Store, *faces: Face) -> None:
    """At once, so that they share commits."""
    await asyncio.gather(*(store.faces.enrol(each, replace=True) for each in faces))


def soon(seconds: float = 5.0) -> float:
    """A deadline."""
    return time.time() + seconds
