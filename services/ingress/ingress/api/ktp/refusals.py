"""What is wrong with a request, or with the platform: HTTP status and reason."""

import math
from typing import Any, Final

from pydantic_core import to_json
from starlette.responses import Response
from wajah.contracts.errors import Code, WajahError
from wajah.storage.ports import QuotaUsedUp

from ingress.api.ktp.answers import UNAUTHORIZED, refusal, unavailable

JSON: Final = "application/json"

INVALID_NIK: Final = "Invalid NIK number format"
INVALID_BIRTH_DATE: Final = "Invalid date_of_birth format"
INVALID_NAME: Final = "Invalid name format"
NO_IMAGE: Final = "face_image is required"
NOT_AN_IMAGE: Final = "face_image is not a JPEG or PNG image"
NOT_MULTIPART: Final = "multipart/form-data expected"
BROKEN_MULTIPART: Final = "Invalid multipart/form-data"
NO_FACE: Final = "No face found in face_image"
SMALL_FACE: Final = "The face in face_image is too small"
UNUSABLE_FACE: Final = "face_image can not be processed"
QUOTA: Final = "Quota used up"

_REASONS: Final[dict[Code, tuple[int, str]]] = {
    Code.FACE_NOT_DETECTED: (400, NO_FACE),
    Code.FACE_TOO_SMALL: (400, SMALL_FACE),
    Code.DK_IMAGE: (400, UNUSABLE_FACE),
    Code.IMAGE_ERROR: (415, NOT_AN_IMAGE),
    Code.IMAGE_TYPE_UNKNOWN: (415, NOT_AN_IMAGE),
}
_DISALLOWED: Final = frozenset({Code.UNAUTHORIZED, Code.DENIED})


class Refused(Exception):
    """The request is at fault."""

    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        self.reason = reason
        super().__init__(f"{status} {reason}")


def answered(body: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(to_json(body), status, headers, JSON)


def refused(fault: Refused) -> Response:
    return answered(refusal(fault.reason), fault.status)


def failed(error: WajahError) -> Response:
    """503 unless the request, or the caller, is at fault: to them the platform and Dukcapil are one."""
    if isinstance(error, QuotaUsedUp):
        return answered(refusal(QUOTA), 429)
    if error.code in _DISALLOWED:
        return answered(UNAUTHORIZED, 401, {"WWW-Authenticate": 'Basic realm="wajah"'})
    if error.code in _REASONS:
        status, reason = _REASONS[error.code]
        return answered(refusal(reason), status)
    headers = None
    if error.code is Code.BUSY:
        headers = {"Retry-After": str(max(1, math.ceil(error.retry_after_s or 1.0)))}
    return answered(unavailable(), 503, headers)
