"""What each job asks: one payload model a job. Images are JPEG or PNG bytes, at most 25 megapixels."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, ClassVar, Final

from pydantic import Field, StrictBool

from wajah.contracts.nik import Nik
from wajah.contracts.retention import ConsentRef, RetentionEnd
from wajah.contracts.stages import ITINERARIES, JobName, Stage, Step
from wajah.contracts.types import Binary, Contract, Identifier, PersonName

Similarity = Annotated[float, Field(ge=0.0, le=1.0)]


class Payload(Contract):
    """Base of the payloads; `job` names the job that carries it."""

    job: ClassVar[JobName]

    @classmethod
    def itinerary(cls, fields: Mapping[str, Any]) -> tuple[Step, ...]:
        """The stages that a job with these fields, not yet validated, passes through."""
        return ITINERARIES[cls.job]


class GalleryPayload(Payload):
    """A job on one gallery of the calling client."""

    gallery_id: Identifier


class ProbePayload(GalleryPayload):
    """A job that compares the largest face of an image with a gallery."""

    image: Binary


class Enrol(ProbePayload):
    """Enrol the image's largest face as `user_id`; `force` replaces an enrolled face, and accepts a small one.

    With `single_face` an image of several faces is refused.
    """

    job = JobName.ENROL
    user_id: Identifier
    user_name: PersonName
    force: bool = False
    single_face: bool = False
    consent_ref: ConsentRef = None
    retention_until: RetentionEnd = None


class EnrolKtp(ProbePayload):
    """Enrol the person of an image that also shows their identity card, if the portrait on it is of the same person.

    `threshold` is a similarity; absent, the model's default.
    """

    job = JobName.ENROL_KTP
    user_id: Identifier
    user_name: PersonName
    threshold: Similarity | None = None
    consent_ref: ConsentRef = None
    retention_until: RetentionEnd = None


class Verify(ProbePayload):
    """1:1: is it `user_id`? `threshold` is a similarity; absent, the model's default."""

    job = JobName.VERIFY
    user_id: Identifier
    threshold: Similarity | None = None


class Identify(ProbePayload):
    """1:N: who of the gallery is it, if anyone?"""

    job = JobName.IDENTIFY
    threshold: Similarity | None = None


class Search(ProbePayload):
    """1:N: the `limit` most similar faces at or above `threshold`, best first."""

    job = JobName.SEARCH
    limit: Annotated[int, Field(ge=1, le=100)] = 10
    threshold: Similarity | None = None


class Compare(Payload):
    """1:1 of two images; nothing is stored."""

    job = JobName.COMPARE
    source_image: Binary
    target_image: Binary
    threshold: Similarity | None = None


class CreateGallery(GalleryPayload):
    job = JobName.GALLERY_CREATE


class ListGalleries(Payload):
    job = JobName.GALLERY_LIST


class DeleteGallery(GalleryPayload):
    """Erase a gallery and every face in it."""

    job = JobName.GALLERY_DELETE


class ListFaces(GalleryPayload):
    job = JobName.FACE_LIST


class DeleteFace(GalleryPayload):
    job = JobName.FACE_DELETE
    user_id: Identifier


class RegisterClient(Payload):
    """Give the client its first gallery; one that deregistered gets back what it had."""

    job = JobName.CLIENT_REGISTER


class DeregisterClient(Payload):
    """Close the client's access; its galleries are erased when the grace period ends."""

    job = JobName.CLIENT_DEREGISTER


class CountClient(Payload):
    """What is left of the client's quotas?"""

    job = JobName.CLIENT_COUNTERS


QR_CODE: Final = r"^(checkin|checkout):[0-9a-fA-F]{24}$"


class EnrolAtPl(Enrol):
    """Enrol here and at PeduliLindungi; `user_id` is the NIK, `user_name` the name on the identity card.

    With `force_pl` the face is enrolled here even where PeduliLindungi refuses.
    """

    job = JobName.PL_ENROL
    force_pl: StrictBool = False

    @classmethod
    def itinerary(cls, fields: Mapping[str, Any]) -> tuple[Step, ...]:
        steps = super().itinerary(fields)
        if fields.get("force_pl") is not True:
            return steps
        return tuple(
            Step(stage=step.stage, on_error="continue") if step.stage is Stage.PL_REGISTER else step for step in steps
        )


class Visit(Contract):
    """Where somebody checks in or out: the place's QR code, and where it was scanned, in degrees.

    PeduliLindungi is not asked for a recognition below `minimum_similarity`.
    """

    qr_code: Annotated[str, Field(pattern=QR_CODE)]
    latitude: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
    longitude: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
    minimum_similarity: Similarity | None = None


class VerifyAtPl(Verify, Visit):
    """1:1, then check in or out as `user_id`, which is the NIK."""

    job = JobName.PL_VERIFY


class IdentifyAtPl(Identify, Visit):
    """1:N, then check in or out as whom it is."""

    job = JobName.PL_IDENTIFY


class IdentifyAtDukcapil(Payload):
    """1:N in Dukcapil's register. `threshold` is its score, from 1 to 20; absent, the connector's setting."""

    job = JobName.DUKCAPIL_IDENTIFY
    image: Binary
    threshold: Annotated[float | None, Field(ge=1, le=20, allow_inf_nan=False)] = None


class VerifyKtp(Payload):
    """Are these the name, the birth date and the face of the holder of a NIK?"""

    job = JobName.KTP_VERIFY
    nik: Nik
    name: PersonName
    birth_date: date
    image: Binary


PAYLOADS: dict[JobName, type[Payload]] = {
    payload.job: payload
    for payload in (
        Enrol,
        EnrolKtp,
        Verify,
        Identify,
        Search,
        Compare,
        EnrolAtPl,
        VerifyAtPl,
        IdentifyAtPl,
        IdentifyAtDukcapil,
        VerifyKtp,
        CreateGallery,
        ListGalleries,
        DeleteGallery,
        ListFaces,
        DeleteFace,
        RegisterClient,
        DeregisterClient,
        CountClient,
    )
}
