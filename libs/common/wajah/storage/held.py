"""What a database keeps, as values: neither how it is kept nor what it costs."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from wajah.contracts.errors import Code
from wajah.contracts.quality import Quality
from wajah.contracts.stages import Stage
from wajah.contracts.types import GalleryKey

Templates = npt.NDArray[np.float32]


class Quota(StrEnum):
    HITS = "n_api_hits"
    FACES = "n_face"
    GALLERIES = "n_facegallery"


@dataclass(frozen=True, slots=True)
class Client:
    """An integrator. `remaining` holds what is left of each quota: None is unlimited, and it is below 0 where the limit was
    set lower than what the client has."""

    client_id: str
    password_hash: str
    remaining: dict[Quota, int | None]
    created_at: datetime
    deregistered_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceRecord:
    """What is known of an enrolled face, but for its template."""

    gallery: GalleryKey
    user_id: str
    user_name: str
    model_id: str
    job_id: str
    enrolled_at: datetime
    masked: bool = False
    quality: Quality | None = None
    """None for a face that was enrolled before it was measured."""
    consent_ref: str | None = None
    """Where the client keeps the consent of the person."""
    retention_until: datetime | None = None
    """From this moment on the face is matched no more, and erased; None is until somebody deletes it."""

    def expired(self, at: datetime) -> bool:
        return self.retention_until is not None and self.retention_until <= at


@dataclass(frozen=True, slots=True, kw_only=True)
class Face(FaceRecord):
    """An enrolled face. `template` is L2-normalised float32, shape (dimension,)."""

    template: Templates


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedFace(FaceRecord):
    """An enrolled face as a database has it: `template` is opaque to it."""

    template: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class FaceBatch:
    """Faces of one gallery and model, as an index loads them. `templates` has shape (n, dimension), `masked` (n,).

    `retained_until` has shape (n,), in Unix seconds; infinite for a face without a retention.
    """

    user_ids: list[str]
    user_names: list[str]
    templates: Templates
    masked: npt.NDArray[np.bool_]
    retained_until: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SealedBatch:
    """`FaceBatch`, with templates that are opaque."""

    user_ids: list[str]
    user_names: list[str]
    templates: list[bytes]
    masked: npt.NDArray[np.bool_]
    retained_until: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ExpiredFace:
    """A face whose retention has ended, as `job_id` enrolled it: a later enrolment of the same user is another."""

    gallery: GalleryKey
    user_id: str
    job_id: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What happened to a gallery since a sequence number.

    `user_ids` is None when that can't be told: it is too long ago, or the number is ahead of this gallery's.
    """

    sequence: int
    user_ids: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Transaction:
    """The record that every job leaves: never the image, the template or a credential."""

    job_id: str
    job: str
    client_id: str
    trx_id: str | None
    code: Code
    gallery_id: str | None
    user_id: str | None
    similarity: float | None
    model_id: str | None
    timings_ms: dict[str, float]
    at: datetime
    quality: Quality | None = None
    """Of the face that was enrolled or asked about; None where there was none."""


class Settlement(StrEnum):
    """What became of our own write after an outside service had accepted."""

    OPEN = "open"
    FINISHED = "finished"
    """Written, or nothing of ours to write; the caller was told."""
    RECONCILED = "reconciled"
    """Written later, after the caller had been told that it failed."""
    SUPERSEDED = "superseded"
    """A later job of the same user was finished instead."""
    ABANDONED = "abandoned"
    """It can't be written any more; an operator has it."""


@dataclass(frozen=True, slots=True)
class UpstreamCall:
    """A stage's call of an outside service for a user: never a credential, an image or a template.

    `code` is None while the outcome is not known; `answer` is what the service said, where it said something.
    """

    job_id: str
    stage: Stage
    gallery: GalleryKey
    user_id: str
    user_name: str
    begun_at: datetime
    code: Code | None = None
    message: str = ""
    answer: dict[str, Any] | None = None
    settlement: Settlement = Settlement.OPEN


class Api(StrEnum):
    """What an API key opens."""

    USERS = "users"
    IDENTITY = "identity"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A client's key to one API. The store knows the key itself by its SHA-256; `prefix` is the part that lists show."""

    client_id: str
    api: Api
    prefix: str
    collection: str
    """The gallery of the client that the key selects."""
    created_at: datetime
