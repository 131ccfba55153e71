"""What PeduliLindungi answers, validated: an acceptance, or the documented code of what went wrong."""

from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr, ValidationError
from pydantic_core import from_json
from wajah.contracts.errors import Code, WajahError
from wajah.upstream.transport import Received

from pedulilindungi.faults import Incomplete, Malformed, NoSuchPath, ServerFault, TokenExpired

RFC_3339: Final = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$"

Moment = Annotated[str, Field(strict=True, pattern=RFC_3339)]
"""RFC 3339 with up to nanoseconds, kept as text: no time type of Python has so many digits."""


class Answer(BaseModel):
    """The envelope of every answer, which is passed on as it came, with whatever keys it has beyond these."""

    model_config = ConfigDict(hide_input_in_errors=True)

    success: StrictBool
    code: StrictInt
    message: StrictStr


class Place(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    name: StrictStr
    maxCapacity: StrictInt | None = None  # noqa: N815 - PeduliLindungi's names


class Visited(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    userStatus: Literal["green", "yellow", "red", "black"]  # noqa: N815
    checkInTime: Moment  # noqa: N815
    checkOutTime: Moment | None = None  # noqa: N815
    crowd: StrictInt
    place: Place


class VisitAnswer(Answer):
    """The acceptance of a check-in or check-out."""

    data: Visited


class TokenAnswer(BaseModel):
    """RFC 6749, section 5.1."""

    model_config = ConfigDict(hide_input_in_errors=True)

    access_token: Annotated[str, Field(strict=True, min_length=1, max_length=8192, pattern=r"^[\x21-\x7e]+$")]


M = TypeVar("M", bound=BaseModel)


class Reader:
    """Tells refusals apart by the `code` in the answer."""

    def __init__(self, *, rejected: frozenset[int], not_enrolled: frozenset[int]) -> None:
        self._refusals = dict.fromkeys(not_enrolled, Code.PL_NOT_ENROLLED) | dict.fromkeys(rejected, Code.PL_REJECTED)

    def accepted(self, received: Received, kind: type[Answer]) -> dict[str, Any]:
        """An acceptance that is valid as `kind`. Raises WajahError 600, 603, 606, 608, 609, 610 or 611."""
        told = json_of(received)
        answer = validated(told, Answer)
        if answer.code == 401:
            raise TokenExpired(told)
        if not answer.success:
            raise WajahError(self._refusals.get(answer.code, Code.PL_UNKNOWN), answer=told)
        validated(told, kind)
        return told


def json_of(received: Received) -> dict[str, Any]:
    """The JSON of an answer that is worth reading. Raises NoSuchPath, TokenExpired, ServerFault, Malformed."""
    if received.status == 404:
        raise NoSuchPath
    try:
        told = from_json(received.body, allow_inf_nan=False)
    except ValueError:
        told = None
    answer = told if isinstance(told, dict) else None
    if received.status == 401:
        raise TokenExpired(answer)
    if received.status >= 500:
        raise ServerFault(answer)
    if answer is None or 300 <= received.status < 400:
        raise Malformed
    return answer


def validated(told: Any, kind: type[M]) -> M:
    """Raises Incomplete where something is missing or null, Malformed where something is not what it should be."""
    try:
        return kind.model_validate(told)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False)
    if any(fault["type"] == "missing" or fault["input"] is None for fault in faults):
        raise Incomplete
    raise Malformed
