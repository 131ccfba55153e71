"""What the platform's errors are called here."""

import math
from typing import Final

from wajah.contracts.errors import Code, WajahError
from wajah.storage.ports import UserExists

from ingress.api.users.problem import Problem

NO_FACE: Final = "no face detected in the provided image"
SEVERAL_FACES: Final = "more than one face detected in the provided image"
SMALL_FACE: Final = "the face in the provided image is too small"
NOT_BASE64: Final = "the provided face is not base64; tokenized images are not supported"
NOT_AN_IMAGE: Final = "the provided face is neither a JPEG nor a PNG image; tokenized images are not supported"
DAMAGED: Final = "the provided image is damaged, or has too many pixels"
USER_EXISTS: Final = "provided userId already exists"

_ERRORS: Final[dict[Code, str]] = {
    Code.FACE_NOT_DETECTED: NO_FACE,
    Code.SEVERAL_FACES: SEVERAL_FACES,
    Code.FACE_TOO_SMALL: SMALL_FACE,
    Code.IMAGE_NOT_BASE64: NOT_BASE64,
    Code.IMAGE_TYPE_UNKNOWN: NOT_AN_IMAGE,
    Code.IMAGE_ERROR: DAMAGED,
}
_STATUSES: Final[dict[Code, int]] = {
    Code.UNAUTHORIZED: 401,
    Code.DENIED: 403,
    Code.USER_NOT_FOUND: 404,
    Code.GALLERY_NOT_FOUND: 404,
    Code.SERVER_ERROR: 500,
    Code.BUSY: 503,
}
_EXISTS: Final = UserExists()


def problem_for(error: WajahError) -> Problem:
    """400 with what is wrong, unless the error is of another kind."""
    status = _STATUSES.get(error.code, 400)
    if error.code is Code.BUSY:
        return Problem(status, headers={"Retry-After": str(max(1, math.ceil(error.retry_after_s or 1.0)))})
    if (error.code, error.message) == (_EXISTS.code, _EXISTS.message):
        return Problem(status, USER_EXISTS)
    if status in {400, 403}:
        return Problem(status, _ERRORS.get(error.code, error.message))
    return Problem(status)
