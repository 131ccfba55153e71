"""What an enrolment may say of the person's consent, and of how long the face is kept."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Final

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic.config import JsonDict

from wajah.contracts.types import MAX_IDENTIFIER_CHARS, PersonName

_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT: Final = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)


def moment(value: object) -> object:
    """The moment of an RFC 3339 date-time, or the end of a date's day in UTC; nothing of an empty text.

    Raises ValueError for any other text.
    """
    if not isinstance(value, str):
        return value
    try:
        if _DATE.fullmatch(value):
            day = date.fromisoformat(value)
            return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
        if _MOMENT.fullmatch(value):
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except OverflowError:
        raise ValueError("beyond the calendar") from None
    if value:
        raise ValueError("must be an RFC 3339 date or date-time")
    return None


def _text_or_none(value: object) -> object:
    return None if value == "" else value


_SCHEMA: Final[JsonDict] = {
    "anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}, {"type": "null"}]
}

ConsentRef = Annotated[
    Annotated[PersonName, Field(strict=True, json_schema_extra={"minLength": 1, "maxLength": MAX_IDENTIFIER_CHARS})] | None,
    BeforeValidator(_text_or_none),
]
"""Where the client keeps the consent of the person: text of at most 120 characters without control characters."""

RetentionEnd = Annotated[datetime | None, Field(strict=True), BeforeValidator(moment), WithJsonSchema(_SCHEMA)]
"""From when on a face is kept no longer: a date counts to its end, in UTC."""
