"""The answers of the Face API: fields in the order of its document, as they stand on the wire."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer
from wajah.contracts.errors import MESSAGES, Code

DECIMALS = 6
UNLIMITED = 2**31 - 1

Similarity = Annotated[float, Field(ge=0, le=1), PlainSerializer(lambda value: round(value, DECIMALS), return_type=float)]

Counter = Annotated[int, Field(ge=0, le=UNLIMITED)]


def _success(**fields: Any) -> dict[str, Any]:
    return {"status": "200", "status_message": "Success"} | fields


class Answer(BaseModel):
    """What every answer begins with: three digits as a string, and their meaning."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)
    EXAMPLE: ClassVar[dict[str, Any]] = _success()

    status: str = Code.SUCCESS.value
    status_message: str = MESSAGES[Code.SUCCESS]


class RegisterAnswer(Answer):
    EXAMPLE = _success(facegallery_id="riset.ai@trial")

    facegallery_id: str


class RemainingAnswer(Answer):
    """`facegallery_id` lists the galleries that are erased when the grace period ends."""

    EXAMPLE = _success(facegallery_id=["riset.ai@trial", "riset.ai@production"])

    facegallery_id: tuple[str, ...]


class RemainingLimit(BaseModel):
    """2147483647, which every client's integers hold, stands for no limit."""

    n_api_hits: Counter
    n_face: Counter
    n_facegallery: Counter


class CountersAnswer(Answer):
    EXAMPLE = _success(remaining_limit={"n_api_hits": 9743, "n_face": 346, "n_facegallery": 3})

    remaining_limit: RemainingLimit


class GalleryAnswer(Answer):
    EXAMPLE = _success(facegallery_id="riset.ai@production")

    facegallery_id: str


class GalleriesAnswer(Answer):
    """The same list under both of its names."""

    EXAMPLE = _success(
        status_message="Success - FaceGalleries Listed",
        facegallery_id=["riset.ai@trial", "riset.ai@production"],
        facegalleries=["riset.ai@trial", "riset.ai@production"],
    )

    status_message: str = "Success - FaceGalleries Listed"
    facegallery_id: tuple[str, ...]
    facegalleries: tuple[str, ...]


class EnrollKtpAnswer(Answer):
    """The person is enrolled with status 200, and is not the one on the card with 411."""

    EXAMPLE = _success(masker=False, similarity=0.95)

    masker: bool
    similarity: Similarity


class ListedFace(BaseModel):
    user_id: str
    user_name: str


class FacesAnswer(Answer):
    EXAMPLE = _success(
        faces=[
            {"user_id": "risetai1234", "user_name": "RisetAi Username1"},
            {"user_id": "risetai5678", "user_name": "RisetAi Username2"},
        ]
    )

    faces: tuple[ListedFace, ...]


class VerifyAnswer(Answer):
    """`verified` is true with status 200, false with 411."""

    EXAMPLE = _success(user_name="RisetAi Username", similarity=1, masker=False, verified=True)

    user_name: str
    similarity: Similarity
    masker: bool
    verified: bool


class Recognised(BaseModel):
    """Numbers and booleans as text; both ids are `unregistered` where nobody reached the threshold."""

    confidence_level: str
    mask: Literal["true", "false"]
    user_id: str
    user_name: str


class IdentifyAnswer(Answer):
    EXAMPLE = _success(
        status_description="Face Recognition Success",
        **{
            "return": [
                {
                    "confidence_level": "0.943697",
                    "mask": "true",
                    "user_id": "risetai1234",
                    "user_name": "RisetAi Username1",
                }
            ]
        },
    )

    status_description: str
    recognised: tuple[Recognised, ...] = Field(serialization_alias="return", min_length=1, max_length=1)


class CompareAnswer(Answer):
    EXAMPLE = _success(similarity=0.8308, verified=True, masker=True)

    similarity: Similarity
    verified: bool
    masker: bool
