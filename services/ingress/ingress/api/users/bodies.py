"""The request bodies: what is wrong with one is told all at once, and never quotes it."""

from typing import Annotated, Any, ClassVar, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails
from wajah.contracts.errors import WajahError

from ingress.api.users.problem import Problem
from ingress.api.users.refusals import problem_for
from ingress.images import IMAGE, image_bytes
from ingress.trailing_comma import without_trailing_comma

MAX_IMAGE_BYTES: Final = 5 * 1024 * 1024
DEFAULT_THRESHOLD: Final = 80.0

NOT_JSON: Final = "the body is not JSON"
NOT_AN_OBJECT: Final = "the body must be a JSON object"
NO_FACE_FIELD: Final = "face is required"
TOO_LARGE: Final = "the provided image is larger than 5MB"
WRONG: Final[dict[str, str]] = {
    "face": "face must be a string",
    "threshold": "threshold must be a number above 0 and up to 100",
}

B = TypeVar("B", bound="FaceBody")

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_EXAMPLE: Final = "/9j/4AAQSkZJRgABAQEASABIAAD/4QBMRXhpZgAA..."


class FaceBody(BaseModel):
    """An enrolment's, and the beginning of a search's. Unknown keys are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)
    EXAMPLE: ClassVar[dict[str, Any]] = {"face": _EXAMPLE}

    face: Annotated[str, Field(strict=True, min_length=1, repr=False)]

    def image(self) -> bytes:
        """JPEG or PNG, as far as its first bytes tell. Raises Problem 400."""
        try:
            image = image_bytes(self.face, IMAGE)
        except WajahError as error:
            raise problem_for(error) from None
        if len(image) > MAX_IMAGE_BYTES:
            raise Problem(400, TOO_LARGE)
        return image


class SearchBody(FaceBody):
    """`threshold` is in percent; null is as good as absent."""

    EXAMPLE = {"face": _EXAMPLE, "threshold": 75.5}

    threshold: Annotated[float | None, Field(strict=True, gt=0, le=100, allow_inf_nan=False)] = DEFAULT_THRESHOLD

    def similarity(self) -> float:
        """The threshold from 0 to 1."""
        return (DEFAULT_THRESHOLD if self.threshold is None else self.threshold) / 100


def parse(kind: type[B], raw: bytes) -> B:
    """Raises Problem 400."""
    raw = raw.removeprefix(_BYTE_ORDER_MARK)
    try:
        return kind.model_validate_json(raw)
    except ValidationError as error:
        if _is_json(error):
            raise _told(error) from None
    try:
        return kind.model_validate_json(without_trailing_comma(raw))
    except ValidationError as error:
        raise _told(error) from None


def _is_json(error: ValidationError) -> bool:
    return error.errors(include_input=False, include_url=False)[0]["type"] != "json_invalid"


def _told(error: ValidationError) -> Problem:
    if not _is_json(error):
        return Problem(400, NOT_JSON)
    faults = error.errors(include_url=False, include_context=False)
    if not faults[0]["loc"]:
        return Problem(400, NOT_AN_OBJECT)
    return Problem(400, *dict.fromkeys(map(_told_of, faults)))


def _told_of(fault: ErrorDetails) -> str:
    field = str(fault["loc"][0])
    if field == "face" and (fault["type"] == "missing" or fault["input"] in (None, "")):
        return NO_FACE_FIELD
    return WRONG[field]
