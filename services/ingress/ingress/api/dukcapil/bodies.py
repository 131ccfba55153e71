"""The request bodies: whether all is there (else 5004), and of the right form (else 6006)."""

from typing import Annotated, Any, ClassVar, Final, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from ingress.api.dukcapil.outcomes import Outcome, Refusal
from ingress.trailing_comma import without_trailing_comma

B = TypeVar("B", bound="SearchBody")

MAX_TRANSACTION_CHARS: Final = 20
MAX_SOURCE_CHARS: Final = 50
MAX_IP_CHARS: Final = 45

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_NOT_FIT: Final = frozenset({"missing", "string_too_short", "too_long", "string_too_long", "literal_error"})
_EXAMPLE: Final[dict[str, Any]] = {
    "transactionId": "0211202201",
    "transactionSource": "mobile",
    "threshold": "7",
    "image": "/9j/4AAQSkZJRgABAQEASABIAAD/4QBMRXhpZgAA...",
    "user_id": "kP1l8sP0...",
    "password": "nTq6mB3w...",
    "ip": "10.1.2.3",
}


def _number_as_text(value: object) -> object:
    return str(value) if type(value) is int else value


def _printable(value: str) -> str:
    if not value.isprintable():
        raise ValueError("not printable")
    return value


Label = Annotated[str, BeforeValidator(_number_as_text), Field(strict=True, min_length=1), AfterValidator(_printable)]
Encrypted = Annotated[str, Field(strict=True, min_length=1, repr=False, description="RSA, PKCS#1 v1.5, then base64.")]
"""Of any length: what can't be a ciphertext is refused like one that is wrong."""


class SearchBody(BaseModel):
    """1:N. Unknown keys are ignored. `ip` is the caller's word, and decides nothing."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)
    EXAMPLE: ClassVar[dict[str, Any]] = _EXAMPLE

    transaction_id: Annotated[Label, Field(alias="transactionId", max_length=MAX_TRANSACTION_CHARS)]
    transaction_source: Annotated[Label, Field(alias="transactionSource", max_length=MAX_SOURCE_CHARS)]
    threshold: Annotated[float, Field(strict=True)] | Annotated[str, Field(strict=True, min_length=1)]
    image: Annotated[str, Field(strict=True, min_length=1, repr=False, description="JPEG or PNG in base64.")]
    user_id: Encrypted
    password: Encrypted
    ip: Annotated[Label, Field(max_length=MAX_IP_CHARS)]


class VerifyBody(SearchBody):
    """1:1, with the NIK that the face should be of."""

    EXAMPLE = _EXAMPLE | {
        "nik": "Zx81mQ7c...",
        "template": "",
        "type": "Face",
        "position": "F",
        "customer_id": "xxxxxxxxxxxxxxxxxx",
    }

    nik: Encrypted
    template: str | None = None
    type: Literal["Face"]
    position: Literal["F"]
    customer_id: Label


def parse(kind: type[B], raw: bytes) -> B:
    """Raises Refusal 5004 or 6006."""
    raw = raw.removeprefix(_BYTE_ORDER_MARK)
    try:
        return kind.model_validate_json(raw)
    except ValidationError as error:
        if _is_json(error):
            raise _refusal(error) from None
    try:
        return kind.model_validate_json(without_trailing_comma(raw))
    except ValidationError as error:
        raise _refusal(error) from None


def _is_json(error: ValidationError) -> bool:
    return error.errors(include_input=False, include_url=False)[0]["type"] != "json_invalid"


def _refusal(error: ValidationError) -> Refusal:
    """What is not there is told before what has another form."""
    faults = error.errors(include_url=False, include_context=False)
    return Refusal(Outcome.PARAMETERS_MISSING if any(map(_not_fit, faults)) else Outcome.WRONG_FORMAT)


def _not_fit(fault: ErrorDetails) -> bool:
    return fault["type"] in _NOT_FIT or (bool(fault["loc"]) and fault["input"] in (None, ""))
