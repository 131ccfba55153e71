"""From a request's body and query string to a checked body; the first fault, in the document's order, is told."""

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails, from_json
from wajah.contracts.errors import MESSAGES, Code, WajahError

from ingress.api.face.bodies import FaceBody
from ingress.faults import HttpFault

B = TypeVar("B", bound=FaceBody)

ENVELOPE_KEY: Final = "risetai"
BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
NOT_JSON: Final = f"{MESSAGES[Code.MALFORMED]}: not JSON"
NULL_CODES: Final[dict[str, Code]] = {
    "image": Code.IMAGE_NULL,
    "user_id": Code.USER_ID_NULL,
    "nik": Code.USER_ID_NULL,
    "user_name": Code.USER_NAME_NULL,
    "facegallery_id": Code.GALLERY_ID_NULL,
    "target_image": Code.TARGET_IMAGE_NULL,
    "source_image": Code.SOURCE_IMAGE_NULL,
}


def parse(kind: type[B], raw: bytes, *, wrapped: bool) -> B:
    """The body of a POST. Where `wrapped`, it may stand in the envelope that the answers stand in, or not.

    Raises HttpFault 400 for what is not JSON, WajahError 400 or 45x for what is.
    """
    raw = raw.removeprefix(BYTE_ORDER_MARK)
    try:
        return kind.model_validate_json(raw)
    except ValidationError as error:
        if not wrapped or error.errors(include_input=False)[0]["type"] == "json_invalid":
            raise _told_first(error) from None
    return _checked(kind, _unwrapped(_json(raw)))


def parse_with_query(kind: type[B], raw: bytes, query: Mapping[str, str], *, wrapped: bool) -> B:
    """The parameters of a GET or DELETE: the body's, and for what it leaves out the query string's. Raises like `parse`."""
    raw = raw.removeprefix(BYTE_ORDER_MARK)
    body = _json(raw) if raw.strip() else {}
    if wrapped:
        body = _unwrapped(body)
    if not isinstance(body, dict):
        raise WajahError(Code.MALFORMED)
    return _checked(kind, {**query, **{name: value for name, value in body.items() if value not in (None, "")}})


def _json(raw: bytes) -> Any:
    try:
        return from_json(raw)
    except ValueError:
        raise HttpFault(400, NOT_JSON) from None


def _unwrapped(body: Any) -> Any:
    inner = body.get(ENVELOPE_KEY) if isinstance(body, dict) else None
    return inner if isinstance(inner, dict) else body


def _checked(kind: type[B], body: Any) -> B:
    try:
        return kind.model_validate(body)
    except ValidationError as error:
        raise _told_first(error) from None


def _told_first(error: ValidationError) -> HttpFault | WajahError:
    """Pydantic lists errors in the order of the fields, which is the document's."""
    return _told(error.errors(include_url=False, include_context=False)[0])


def _told(fault: ErrorDetails) -> HttpFault | WajahError:
    if fault["type"] == "json_invalid":
        return HttpFault(400, NOT_JSON)
    if not fault["loc"]:
        return WajahError(Code.MALFORMED)
    field = str(fault["loc"][0])
    if field in NULL_CODES and (fault["type"] == "missing" or fault["input"] is None or fault["input"] == ""):
        return WajahError(NULL_CODES[field], f"{field} is null")
    return WajahError(Code.MALFORMED, f"{MESSAGES[Code.MALFORMED]}: {field}")
