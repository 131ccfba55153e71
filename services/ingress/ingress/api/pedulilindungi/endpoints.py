"""The table of Face × PeduliLindungi's endpoints."""

from typing import Any, Final

from wajah.contracts.stages import JobName

from ingress.api.face.answers import Answer
from ingress.api.face.bodies import GalleryBody
from ingress.api.face.endpoints import Endpoint
from ingress.api.pedulilindungi import answers, bodies, handlers

API: Final = "Face × PeduliLindungi"

ENDPOINTS: Final[tuple[Endpoint[Any], ...]] = (
    Endpoint(
        ("POST",),
        ("/pedulilindungi/enroll-face",),
        bodies.EnrollBody,
        handlers.enroll_face,
        answers.EnrollAnswer,
        JobName.PL_ENROL,
        api=API,
    ),
    Endpoint(
        ("GET", "POST"),
        ("/pedulilindungi/list-faces",),
        GalleryBody,
        handlers.list_faces,
        answers.NiksAnswer,
        JobName.FACE_LIST,
        query=True,
        api=API,
    ),
    Endpoint(
        ("POST",),
        ("/pedulilindungi/verify-checkin-checkout",),
        bodies.VerifyVisitBody,
        handlers.verify_visit,
        answers.VerifyVisitAnswer,
        JobName.PL_VERIFY,
        api=API,
    ),
    Endpoint(
        ("POST",),
        ("/pedulilindungi/identify-checkin-checkout",),
        bodies.IdentifyVisitBody,
        handlers.identify_visit,
        answers.IdentifyVisitAnswer,
        JobName.PL_IDENTIFY,
        api=API,
    ),
    Endpoint(
        ("DELETE",),
        ("/pedulilindungi/delete-face",),
        bodies.DeleteBody,
        handlers.delete_face,
        Answer,
        JobName.FACE_DELETE,
        query=True,
        api=API,
    ),
)
