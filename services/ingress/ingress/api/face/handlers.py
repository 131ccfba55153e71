"""What each endpoint of the Face API does: its body becomes a job, the job's reply its answer."""

from collections.abc import Container
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from wajah.contracts.envelope import Reply
from wajah.contracts.errors import MESSAGES, Code
from wajah.contracts.jobs import (
    Compare,
    CountClient,
    CreateGallery,
    DeleteFace,
    DeleteGallery,
    DeregisterClient,
    Enrol,
    EnrolKtp,
    Identify,
    ListFaces,
    ListGalleries,
    Payload,
    RegisterClient,
    Verify,
)
from wajah.contracts.results import (
    ClientCounted,
    ClientDeregistered,
    ClientRegistered,
    Compared,
    Embedded,
    EmbeddedPair,
    Enrolled,
    FacesListed,
    GalleriesListed,
    Identified,
    Verified,
)

from ingress.api.face.answers import (
    DECIMALS,
    UNLIMITED,
    Answer,
    CompareAnswer,
    CountersAnswer,
    EnrollKtpAnswer,
    FacesAnswer,
    GalleriesAnswer,
    GalleryAnswer,
    IdentifyAnswer,
    ListedFace,
    Recognised,
    RegisterAnswer,
    RemainingAnswer,
    RemainingLimit,
    VerifyAnswer,
)
from ingress.api.face.bodies import (
    CompareImagesBody,
    DeleteFaceBody,
    EnrollFaceBody,
    EnrollFaceKtpBody,
    FaceBody,
    GalleryBody,
    IdentifyFaceBody,
    TrxBody,
    VerifyFaceBody,
)
from ingress.images import IMAGE, SOURCE_IMAGE, TARGET_IMAGE, image_bytes

B_co = TypeVar("B_co", bound=FaceBody, covariant=True)

UNREGISTERED = "unregistered"


class Run(Protocol):
    """Has a job done for the client."""

    async def __call__(self, payload: Payload, *, told: Container[Code] = ()) -> Reply:
        """Raises the job's error, but where its code is one of those that the answer itself tells."""


@dataclass(frozen=True, slots=True)
class Call(Generic[B_co]):
    """An authenticated request."""

    body: B_co
    run: Run


async def register(call: Call[TrxBody]) -> RegisterAnswer:
    """Register the client, with its first face gallery; one that deregistered gets back what it had. Takes no API hit."""
    return RegisterAnswer(facegallery_id=(await call.run(RegisterClient())).result(ClientRegistered).gallery_id)


async def deregister(call: Call[TrxBody]) -> RemainingAnswer:
    """Deregister the client. The face galleries that remain are erased when the grace period ends. Takes no API hit."""
    return RemainingAnswer(facegallery_id=(await call.run(DeregisterClient())).result(ClientDeregistered).gallery_ids)


async def get_counters(call: Call[TrxBody]) -> CountersAnswer:
    """What is left of the client's quotas; 2147483647 where there is no limit. Takes no API hit."""
    left = (await call.run(CountClient())).result(ClientCounted)
    hits, faces, galleries = (_counter(each) for each in (left.hits, left.faces, left.galleries))
    return CountersAnswer(remaining_limit=RemainingLimit(n_api_hits=hits, n_face=faces, n_facegallery=galleries))


def _counter(left: int | None) -> int:
    return UNLIMITED if left is None else min(left, UNLIMITED)


async def create_facegallery(call: Call[GalleryBody]) -> GalleryAnswer:
    """Create a face gallery. One that exists is 417."""
    await call.run(CreateGallery(gallery_id=call.body.facegallery_id))
    return GalleryAnswer(facegallery_id=call.body.facegallery_id)


async def my_facegalleries(call: Call[TrxBody]) -> GalleriesAnswer:
    """The client's face galleries, oldest first."""
    found = (await call.run(ListGalleries())).result(GalleriesListed).gallery_ids
    return GalleriesAnswer(facegallery_id=found, facegalleries=found)


async def delete_facegallery(call: Call[GalleryBody]) -> GalleryAnswer:
    """Delete a face gallery and every face in it."""
    await call.run(DeleteGallery(gallery_id=call.body.facegallery_id))
    return GalleryAnswer(facegallery_id=call.body.facegallery_id)


async def enroll_face(call: Call[EnrollFaceBody]) -> Answer:
    """Enrol a face. A user_id that exists is 400; `force_register` replaces its face, and accepts a small one.
    `consent_ref` says where the person's consent is kept. From `retention_until` on, the face is matched no more and erased.
    """
    body = call.body
    await call.run(
        Enrol(
            gallery_id=body.facegallery_id,
            user_id=body.user_id,
            user_name=body.user_name,
            force=body.force_register or False,
            image=image_bytes(body.image, IMAGE),
            consent_ref=body.consent_ref,
            retention_until=body.retention_until,
        )
    )
    return Answer()


async def enroll_face_ktp(call: Call[EnrollFaceKtpBody]) -> EnrollKtpAnswer:
    """Enrol the person of a picture that also shows their identity card (KTP), if the portrait on it shows the same face.

    The largest face is the person, the next largest the portrait on the card; any further face is left out of account.
    Faces that differ are 411, and nobody is enrolled. No face, or one only, is 412; a person lower than 60 pixels, brow to
    chin, or a portrait on the card lower than 36, is 413. A user_id that exists is 400. Without `minimum_similarity` the
    model's threshold decides. A mask is told of the person alone.
    """
    body = call.body
    reply = await call.run(
        EnrolKtp(
            gallery_id=body.facegallery_id,
            user_id=body.user_id,
            user_name=body.user_name,
            image=image_bytes(body.image, IMAGE),
            threshold=body.minimum_similarity,
            consent_ref=body.consent_ref,
            retention_until=body.retention_until,
        )
    )
    pair, code = reply.result(EmbeddedPair), Code.SUCCESS
    message = MESSAGES[code]
    if not reply.result(Enrolled).enrolled:
        code = Code.NOT_VERIFIED
        message = MESSAGES[code] if pair.faces == 2 else f"{MESSAGES[code]}: of {pair.faces} faces the two largest differ"
    return EnrollKtpAnswer(status=code.value, status_message=message, masker=pair.masked, similarity=pair.similarity)


async def list_faces(call: Call[GalleryBody]) -> FacesAnswer:
    """The faces enrolled in a gallery, in order of enrolment."""
    found = (await call.run(ListFaces(gallery_id=call.body.facegallery_id))).result(FacesListed).faces
    return FacesAnswer(faces=tuple(ListedFace(user_id=face.user_id, user_name=face.user_name) for face in found))


async def verify_face(call: Call[VerifyFaceBody]) -> VerifyAnswer:
    """1:1: does the picture show the enrolled user? A different face is 411 with `verified: false`."""
    body = call.body
    image = image_bytes(body.image, IMAGE)
    reply = await call.run(Verify(gallery_id=body.facegallery_id, user_id=body.user_id, image=image))
    found = reply.result(Verified)
    code = Code.SUCCESS if found.verified else Code.NOT_VERIFIED
    return VerifyAnswer(
        status=code.value,
        status_message=MESSAGES[code],
        user_name=found.user_name,
        similarity=found.similarity,
        masker=reply.result(Embedded).masked,
        verified=found.verified,
    )


async def identify_face(call: Call[IdentifyFaceBody]) -> IdentifyAnswer:
    """1:N: who of the gallery does the picture show? Nobody is 411, `unregistered`, with the best confidence found."""
    body = call.body
    reply = await call.run(Identify(gallery_id=body.facegallery_id, image=image_bytes(body.image, IMAGE)))
    found = reply.result(Identified)
    code = Code.SUCCESS if found.best else Code.NOT_VERIFIED
    recognised = Recognised(
        confidence_level=f"{found.similarity:.{DECIMALS}f}",
        mask="true" if reply.result(Embedded).masked else "false",
        user_id=found.best.user_id if found.best else UNREGISTERED,
        user_name=found.best.user_name if found.best else UNREGISTERED,
    )
    return IdentifyAnswer(
        status=code.value,
        status_message=MESSAGES[code],
        status_description="Face Recognition Success" if found.best else "Face Unregistered",
        recognised=(recognised,),
    )


async def delete_face(call: Call[DeleteFaceBody]) -> Answer:
    """Delete an enrolled user. An unknown one is 415."""
    await call.run(DeleteFace(gallery_id=call.body.facegallery_id, user_id=call.body.user_id))
    return Answer()


async def compare_images(call: Call[CompareImagesBody]) -> CompareAnswer:
    """1:1 of two pictures; nothing is stored. 200 whether or not the faces match: `verified` says it."""
    source = image_bytes(call.body.source_image, SOURCE_IMAGE)
    target = image_bytes(call.body.target_image, TARGET_IMAGE)
    found = (await call.run(Compare(source_image=source, target_image=target))).result(Compared)
    return CompareAnswer(similarity=found.similarity, verified=found.verified, masker=found.masked)
