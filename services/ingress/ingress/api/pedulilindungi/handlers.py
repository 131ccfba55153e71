"""What each endpoint of Face × PeduliLindungi does: its body becomes a job, the job's reply its answer."""

from typing import Any, Final, TypeVar

from wajah.contracts.envelope import Reply
from wajah.contracts.errors import MESSAGES, Code, WajahError
from wajah.contracts.jobs import DeleteFace, EnrolAtPl, IdentifyAtPl, ListFaces, VerifyAtPl
from wajah.contracts.results import CheckedIn, Embedded, FacesListed, Identified, Registered, Result, Verified
from wajah.contracts.stages import Stage

from ingress.api.face.answers import DECIMALS, Answer, Recognised
from ingress.api.face.bodies import GalleryBody
from ingress.api.face.handlers import UNREGISTERED, Call
from ingress.api.pedulilindungi.answers import (
    EnrollAnswer,
    IdentifyVisitAnswer,
    ListedNik,
    NiksAnswer,
    VerifyVisitAnswer,
)
from ingress.api.pedulilindungi.bodies import DeleteBody, EnrollBody, IdentifyVisitBody, VerifyVisitBody
from ingress.images import IMAGE, image_bytes

R = TypeVar("R", bound=Result)

FAILED_THERE: Final = frozenset(code for code in Code if code.name.startswith("PL_"))
NOT_LET_IN: Final = FAILED_THERE | {Code.NOT_VERIFIED}


async def enroll_face(call: Call[EnrollBody]) -> EnrollAnswer:
    """Enrol a face under its NIK, and register NIK and name at PeduliLindungi. A refusal there is 6xx, and nobody is
    enrolled; with `force_pl` the face is enrolled all the same, `status` is 200, and `pl_data` tells the refusal. A NIK that
    exists is 400; `force_register` replaces its face, and accepts a small one."""
    body = call.body
    job = EnrolAtPl(
        gallery_id=body.facegallery_id,
        user_id=body.nik,
        user_name=body.user_name,
        force=body.force_register or False,
        image=image_bytes(body.image, IMAGE),
        force_pl=body.force_pl or False,
    )
    reply = await call.run(job, told=FAILED_THERE)
    status, message = _status(reply)
    return EnrollAnswer(status=status, status_message=message, pl_data=_registration(reply))


async def list_faces(call: Call[GalleryBody]) -> NiksAnswer:
    """The faces enrolled in a gallery, in order of enrolment; those of the Face API have their `user_id` as `nik`."""
    found = (await call.run(ListFaces(gallery_id=call.body.facegallery_id))).result(FacesListed).faces
    return NiksAnswer(faces=tuple(ListedNik(nik=face.user_id, user_name=face.user_name) for face in found))


async def verify_visit(call: Call[VerifyVisitBody]) -> VerifyVisitAnswer:
    """1:1, then check in or out at PeduliLindungi. A different face is 411, and so is one below `minimum_confidence_level`:
    PeduliLindungi is not asked. A failure there is 6xx, with what was recognised."""
    body = call.body
    job = VerifyAtPl(
        gallery_id=body.facegallery_id,
        user_id=body.nik,
        image=image_bytes(body.image, IMAGE),
        qr_code=body.qr_code,
        latitude=body.latitude,
        longitude=body.longitude,
        minimum_similarity=body.minimum_confidence_level,
    )
    reply = await call.run(job, told=NOT_LET_IN)
    status, message = _status(reply)
    return VerifyVisitAnswer(
        status=status,
        status_message=message,
        similarity=_done(reply, Verified).similarity,
        masker=_done(reply, Embedded).masked,
        verified=status != Code.NOT_VERIFIED.value,
        user_status=_user_status(reply),
        pl_data=_visit(reply),
    )


async def identify_visit(call: Call[IdentifyVisitBody]) -> IdentifyVisitAnswer:
    """1:N, then check in or out at PeduliLindungi as whom it is. Nobody is 411, `unregistered`, with the best confidence
    found, and so is who stays below `minimum_confidence_level`: PeduliLindungi is not asked. A failure there is 6xx, with
    who was recognised."""
    body = call.body
    job = IdentifyAtPl(
        gallery_id=body.facegallery_id,
        image=image_bytes(body.image, IMAGE),
        qr_code=body.qr_code,
        latitude=body.latitude,
        longitude=body.longitude,
        minimum_similarity=body.minimum_confidence_level,
    )
    reply = await call.run(job, told=NOT_LET_IN)
    status, message = _status(reply)
    found = _done(reply, Identified)
    best = None if status == Code.NOT_VERIFIED.value else found.best
    recognised = Recognised(
        confidence_level=f"{found.similarity:.{DECIMALS}f}",
        mask="true" if _done(reply, Embedded).masked else "false",
        user_id=best.user_id if best else UNREGISTERED,
        user_name=best.user_name if best else UNREGISTERED,
    )
    return IdentifyVisitAnswer(
        status=status,
        status_message=message,
        status_description="Face Recognition Success" if best else "Face Unregistered",
        recognised=(recognised,),
        user_status=_user_status(reply),
        pl_data=_visit(reply),
    )


async def delete_face(call: Call[DeleteBody]) -> Answer:
    """Delete an enrolled NIK here; PeduliLindungi is not told. An unknown one is 415."""
    await call.run(DeleteFace(gallery_id=call.body.facegallery_id, user_id=call.body.nik))
    return Answer()


def _status(reply: Reply) -> tuple[str, str]:
    if reply.error is None:
        return Code.SUCCESS.value, MESSAGES[Code.SUCCESS]
    return reply.error.code.value, reply.error.message


def _done(reply: Reply, kind: type[R]) -> R:
    """What a stage left before the job's error, if any. Raises WajahError 500 where it was never reached."""
    found = reply.find(kind)
    if found is None:
        raise WajahError(Code.SERVER_ERROR)
    return found


def _registration(reply: Reply) -> dict[str, Any] | None:
    """What PeduliLindungi said; where the job went on without its answer, what went wrong, in the same shape."""
    registered = reply.find(Registered)
    if registered is not None:
        return registered.answer
    if reply.error is not None:
        return reply.error.answer
    refusal = reply.failures[Stage.PL_REGISTER]
    return refusal.answer or {"success": False, "code": int(refusal.code), "message": refusal.message}


def _visit(reply: Reply) -> dict[str, Any] | None:
    checked_in = reply.find(CheckedIn)
    if checked_in is not None:
        return checked_in.answer
    return None if reply.error is None else reply.error.answer


def _user_status(reply: Reply) -> Any:
    checked_in = reply.find(CheckedIn)
    return None if checked_in is None else checked_in.user_status
