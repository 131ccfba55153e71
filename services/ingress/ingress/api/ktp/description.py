"""What the OpenAPI document says of the endpoint."""

from typing import Any, Final

from starlette.responses import Response
from wajah.contracts.results import KtpVerified

from ingress.api.ktp.answers import UNAUTHORIZED, refusal, unavailable, verification
from ingress.api.ktp.refusals import (
    INVALID_BIRTH_DATE,
    INVALID_NAME,
    INVALID_NIK,
    JSON,
    NO_FACE,
    NO_IMAGE,
    NOT_AN_IMAGE,
    NOT_MULTIPART,
    QUOTA,
)
from ingress.api.ktp.request_ids import ANSWERED, GIVEN
from ingress.keys import HEADER

PATH: Final = "/identity/v1/face-verification"
BASIC: Final = "basic"

_TEXT: Final = """Is a NIK that of this name, this birth date and this face? All of it is needed, and a likeness above 75 %.

Names are compared by their letters: case, accents, punctuation, spacing and the common abbreviations of a first name (Muh.,
Moh., M., St., Abd.) make no difference. Several faults are told in the order NIK, name, date of birth, face. A face is
compared only where the NIK exists. The username is the client's id, the password that of its access tokens, and `x-api-key`
a key of the same client (`wajah key add CLIENT --api identity`)."""

_VERIFIED: Final = KtpVerified(nik=True, name=True, birth_date=True, face_percent=82.04, verified=True)
_UNKNOWN: Final = KtpVerified(nik=False, name=None, birth_date=None, face_percent=0, verified=False)
_FOUND: Final = {
    "verified": _VERIFIED,
    "no such NIK": _UNKNOWN,
    "another name": _VERIFIED.model_copy(update={"name": False, "verified": False}),
    "another birth date": _VERIFIED.model_copy(update={"birth_date": False, "verified": False}),
    "another face": _VERIFIED.model_copy(update={"face_percent": 42.04, "verified": False}),
}
_FLAG: Final = {"type": ["boolean", "null"]}
_RESULT: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["nik", "name", "date_of_birth", "face_image_percentage"],
    "properties": {
        "nik": _FLAG,
        "name": _FLAG,
        "date_of_birth": _FLAG,
        "face_image_percentage": {"type": ["number", "null"], "minimum": 0, "maximum": 100},
    },
}
_REFUSAL: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["verification_status", "reason"],
    "properties": {"verification_status": {"type": "boolean"}, "reason": {"type": "string"}},
}
_ANSWER: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["verification_status", "reason", "result"],
    "properties": {**_REFUSAL["properties"], "result": _RESULT},
}
_UNAUTHORIZED: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": {"type": "string"}},
}
_FORM: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["nik", "name", "date_of_birth", "face_image"],
    "properties": {
        "nik": {"type": "string", "pattern": "^[0-9]{16}$"},
        "name": {"type": "string", "minLength": 1, "maxLength": 120},
        "date_of_birth": {"type": "string", "pattern": "^[0-9]{2}-[0-9]{2}-[0-9]{4}$", "description": "dd-mm-yyyy"},
        "face_image": {"type": "string", "format": "binary", "description": "JPEG or PNG"},
    },
}


def _answer(description: str, schema: dict[str, Any], **examples: dict[str, Any]) -> dict[str, Any]:
    told = {name: {"value": value} for name, value in examples.items()}
    header = {ANSWERED: {"schema": {"type": "string"}, "description": f"`{GIVEN}` of the request, or a new one."}}
    return {"description": description, "headers": header, "content": {JSON: {"schema": schema, "examples": told}}}


def _refused(description: str, *reasons: str) -> dict[str, Any]:
    return _answer(description, _REFUSAL, **{reason: refusal(reason) for reason in reasons})


DESCRIBED: Final[dict[str, Any]] = {
    "summary": "face verification",
    "description": _TEXT,
    "tags": ["Face verification (KTP)"],
    "operation_id": "identity_face_verification",
    "response_model": None,
    "response_class": Response,
    "responses": {
        200: _answer("What was found", _ANSWER, **{name: verification(found) for name, found in _FOUND.items()}),
        400: _refused("Something is wrong with a field", INVALID_NIK, INVALID_NAME, INVALID_BIRTH_DATE, NO_IMAGE, NO_FACE),
        401: _answer("Not the credentials of a client", _UNAUTHORIZED, disallowed=UNAUTHORIZED),
        408: _refused("The upload took too long", "Request body incomplete"),
        413: _refused("The upload is too large", "Request body too large"),
        415: _refused("Not a form, or not an image", NOT_MULTIPART, NOT_AN_IMAGE),
        429: _refused("The client's API hits are used up", QUOTA),
        500: _refused("A fault of ours", "Server error"),
        503: _answer("Dukcapil, or the platform, can't answer", _ANSWER, unavailable=unavailable()),
    },
    "openapi_extra": {
        "security": [{BASIC: [], HEADER: []}],
        "parameters": [{"name": GIVEN, "in": "header", "required": False, "schema": {"type": "string"}}],
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _FORM}}},
    },
}
