"""The table of the Face API's endpoints."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from wajah.contracts.stages import JobName

from ingress.api.face import answers, bodies, handlers
from ingress.api.face.bodies import FaceBody
from ingress.api.face.handlers import Call

B = TypeVar("B", bound=FaceBody)


@dataclass(frozen=True, slots=True)
class Endpoint(Generic[B]):
    """A path below the mounts. With `query`, parameters may stand in the query string, and the body may be empty."""

    methods: tuple[str, ...]
    paths: tuple[str, ...]
    """The documented one, then the older names."""
    body: type[B]
    handle: Callable[[Call[B]], Awaitable[answers.Answer]]
    answer: type[answers.Answer]
    job: JobName
    query: bool = False
    hits: int = 1
    """What a call takes of the client's quota."""
    deregistered: bool = False
    """Whether a client that deregistered may call it."""
    api: str = "Face API"
    """What it is listed under."""

    @property
    def name(self) -> str:
        return self.paths[0].rpartition("/")[2]


ENDPOINTS: Final[tuple[Endpoint[Any], ...]] = (
    Endpoint(
        ("POST",),
        ("/client/register",),
        bodies.TrxBody,
        handlers.register,
        answers.RegisterAnswer,
        JobName.CLIENT_REGISTER,
        query=True,
        hits=0,
        deregistered=True,
    ),
    Endpoint(
        ("DELETE",),
        ("/client/delete",),
        bodies.TrxBody,
        handlers.deregister,
        answers.RemainingAnswer,
        JobName.CLIENT_DEREGISTER,
        query=True,
        hits=0,
    ),
    Endpoint(
        ("GET",),
        ("/client/get-counters",),
        bodies.TrxBody,
        handlers.get_counters,
        answers.CountersAnswer,
        JobName.CLIENT_COUNTERS,
        query=True,
        hits=0,
    ),
    Endpoint(
        ("GET",),
        ("/facegallery/my-facegalleries",),
        bodies.TrxBody,
        handlers.my_facegalleries,
        answers.GalleriesAnswer,
        JobName.GALLERY_LIST,
        query=True,
        deregistered=True,
    ),
    Endpoint(
        ("POST",),
        ("/facegallery/create-facegallery",),
        bodies.GalleryBody,
        handlers.create_facegallery,
        answers.GalleryAnswer,
        JobName.GALLERY_CREATE,
    ),
    Endpoint(
        ("DELETE",),
        ("/facegallery/delete-facegallery",),
        bodies.GalleryBody,
        handlers.delete_facegallery,
        answers.GalleryAnswer,
        JobName.GALLERY_DELETE,
        query=True,
        deregistered=True,
    ),
    Endpoint(
        ("POST",),
        ("/facegallery/enroll-face",),
        bodies.EnrollFaceBody,
        handlers.enroll_face,
        answers.Answer,
        JobName.ENROL,
    ),
    Endpoint(
        ("POST",),
        ("/facegallery/enroll-face-ktp",),
        bodies.EnrollFaceKtpBody,
        handlers.enroll_face_ktp,
        answers.EnrollKtpAnswer,
        JobName.ENROL_KTP,
    ),
    Endpoint(
        ("GET", "POST"),
        ("/facegallery/list-faces",),
        bodies.GalleryBody,
        handlers.list_faces,
        answers.FacesAnswer,
        JobName.FACE_LIST,
        query=True,
    ),
    Endpoint(
        ("POST",),
        ("/facegallery/verify-face",),
        bodies.VerifyFaceBody,
        handlers.verify_face,
        answers.VerifyAnswer,
        JobName.VERIFY,
    ),
    Endpoint(
        ("POST",),
        ("/facegallery/identify-face", "/facegallery/recognize-face"),
        bodies.IdentifyFaceBody,
        handlers.identify_face,
        answers.IdentifyAnswer,
        JobName.IDENTIFY,
    ),
    Endpoint(
        ("DELETE",),
        ("/facegallery/delete-face",),
        bodies.DeleteFaceBody,
        handlers.delete_face,
        answers.Answer,
        JobName.FACE_DELETE,
        query=True,
    ),
    Endpoint(
        ("POST",),
        ("/compare-images",),
        bodies.CompareImagesBody,
        handlers.compare_images,
        answers.CompareAnswer,
        JobName.COMPARE,
    ),
)
