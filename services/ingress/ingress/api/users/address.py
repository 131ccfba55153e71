"""Which list and which user a path names. Read from the path as it was sent: an id may hold an encoded slash."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import unquote_to_bytes

from pydantic import TypeAdapter, ValidationError
from wajah.contracts.types import MAX_IDENTIFIER_CHARS, PersonName

from ingress.api.users.problem import Problem

SEARCH: Final = "search"
BAD_ID: Final = f"userId must be UTF-8 text of 1 to {MAX_IDENTIFIER_CHARS} characters without control characters"

_TEXT: Final[TypeAdapter[str]] = TypeAdapter(PersonName)


class ListName(StrEnum):
    """The value stands in the path between `/users` and the id."""

    COLLECTION = ""
    BLACKLIST = "blacklist"
    WHITELIST = "whitelist"


RESERVED: Final = frozenset({SEARCH, ListName.BLACKLIST, ListName.WHITELIST})
"""No user can have such an id: the paths mean something else, or look as if they did."""


@dataclass(frozen=True, slots=True)
class Address:
    """`segment` is the last of the path, decoded: an id, or the word of the search."""

    listed: ListName
    segment: bytes

    @property
    def is_search(self) -> bool:
        return self.segment == SEARCH.encode()

    def user_id(self) -> str:
        """Raises Problem 400 for what can't be an id."""
        try:
            return _TEXT.validate_python(self.segment.decode())
        except (UnicodeDecodeError, ValidationError):
            raise Problem(400, BAD_ID) from None


def address_of(raw_path: bytes) -> Address:
    """Raises Problem 404 for a path that names nothing."""
    match [unquote_to_bytes(segment) for segment in raw_path.split(b"/")]:
        case [b"", b"users", segment] if segment:
            return Address(ListName.COLLECTION, segment)
        case [b"", b"users", (b"blacklist" | b"whitelist") as listed, segment] if segment:
            return Address(ListName(listed.decode()), segment)
    raise Problem(404)
