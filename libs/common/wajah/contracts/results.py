"""What each stage leaves in the message: one result model a stage. Similarities are from 0 to 1, calibrated."""

from typing import Any, ClassVar

from wajah.contracts.quality import Quality
from wajah.contracts.stages import Stage
from wajah.contracts.types import Binary, Contract


class Result(Contract):
    """Base of the results; `stage` names the stage that produces it."""

    stage: ClassVar[Stage]


class FaceBox(Contract):
    """Where the face is, in pixels of the upright image: left, top, right, bottom."""

    left: float
    top: float
    right: float
    bottom: float


class Embedded(Result):
    """The template of the image's largest face: L2-normalised little-endian float32 of `dimension` values.

    In a reply it is empty: no binary field goes back to the caller.
    """

    stage = Stage.EMBED
    template: Binary = b""
    dimension: int
    model_id: str
    masked: bool
    box: FaceBox
    faces: int
    detection_score: float
    quality: Quality | None = None
    """None from an embedder that doesn't measure it."""


class EmbeddedPair(Embedded):
    """Two faces of one image, compared: `Embedded` tells of the person. There is no template where they differ."""

    stage = Stage.EMBED_KTP
    similarity: float
    """Of the person and the portrait on the identity card."""
    verified: bool


class Compared(Result):
    stage = Stage.COMPARE
    similarity: float
    verified: bool
    masked: bool
    """Whether either of the two faces wears a mask."""
    model_id: str


class Candidate(Contract):
    user_id: str
    user_name: str
    similarity: float


class Checked(Result):
    """The enrolment of this face would succeed; nothing is written."""

    stage = Stage.MATCH_CHECK
    replaces: bool


class Enrolled(Result):
    """`enrolled` is false where the person is not the one on the identity card: nothing was written."""

    stage = Stage.MATCH_ENROL
    user_id: str
    replaced: bool
    enrolled: bool = True


class Verified(Result):
    stage = Stage.MATCH_VERIFY
    user_name: str
    similarity: float
    verified: bool


class Identified(Result):
    """`best` is the nearest face at or above the threshold; `similarity` is the best found, even below it."""

    stage = Stage.MATCH_IDENTIFY
    best: Candidate | None
    similarity: float


class Searched(Result):
    stage = Stage.MATCH_SEARCH
    candidates: tuple[Candidate, ...]


class Registered(Result):
    """PeduliLindungi accepted NIK and name; `answer` is what it said."""

    stage = Stage.PL_REGISTER
    answer: dict[str, Any]


class CheckedIn(Result):
    """PeduliLindungi let somebody in or out; `answer` is what it said, `user_status` the colour in it."""

    stage = Stage.PL_CHECKIN
    answer: dict[str, Any]
    user_status: str


class Likeness(Contract):
    """Somebody in Dukcapil's register, and the score of the face, from 0 to 20."""

    nik: str
    score: float


class IdentifiedAtDukcapil(Result):
    """At most ten people at or above the threshold, best first; `transaction_id` is what Dukcapil knows the call by."""

    stage = Stage.DUKCAPIL_IDENTIFY
    found: tuple[Likeness, ...]
    threshold: float
    transaction_id: str


class KtpVerified(Result):
    """What the register says; of an unknown `nik` it says no more. `face_percent` is from 0 to 100.

    `verified` needs all of it, and a face above the threshold.
    """

    stage = Stage.DUKCAPIL_VERIFY
    nik: bool
    name: bool | None
    birth_date: bool | None
    face_percent: float
    verified: bool


class GalleryCreated(Result):
    stage = Stage.GALLERY_CREATE
    gallery_id: str


class GalleriesListed(Result):
    stage = Stage.GALLERY_LIST
    gallery_ids: tuple[str, ...]


class GalleryDeleted(Result):
    stage = Stage.GALLERY_DELETE
    gallery_id: str


class ListedFace(Contract):
    user_id: str
    user_name: str


class FacesListed(Result):
    stage = Stage.FACE_LIST
    faces: tuple[ListedFace, ...]


class FaceDeleted(Result):
    stage = Stage.FACE_DELETE
    user_id: str


class ClientRegistered(Result):
    """`gallery_id` is the client's first gallery."""

    stage = Stage.CLIENT_REGISTER
    gallery_id: str


class ClientDeregistered(Result):
    """The galleries that are erased when the grace period ends, oldest first."""

    stage = Stage.CLIENT_DEREGISTER
    gallery_ids: tuple[str, ...]


class ClientCounted(Result):
    """What is left of each quota, from 0; None is unlimited."""

    stage = Stage.CLIENT_COUNTERS
    hits: int | None
    faces: int | None
    galleries: int | None


RESULTS: dict[Stage, type[Result]] = {
    result.stage: result
    for result in (
        Embedded,
        EmbeddedPair,
        Compared,
        Checked,
        Enrolled,
        Verified,
        Identified,
        Searched,
        Registered,
        CheckedIn,
        IdentifiedAtDukcapil,
        KtpVerified,
        GalleryCreated,
        GalleriesListed,
        GalleryDeleted,
        FacesListed,
        FaceDeleted,
        ClientRegistered,
        ClientDeregistered,
        ClientCounted,
    )
}
