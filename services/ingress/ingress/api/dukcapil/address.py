"""Which institution and which method a path names. Read from the path as it was sent: an id may hold an encoded slash."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import unquote

PREFIX: Final = "/api/face-recognition"


class Method(StrEnum):
    """The last segment of the path, in whatever case."""

    SEARCH = "CALL_FN"
    VERIFY = "CALL_FR"


_WORDS: Final = frozenset(each.value for each in Method)


@dataclass(frozen=True, slots=True)
class Address:
    customer_id: str
    method: Method


def is_dukcapil(path: str) -> bool:
    """Whether answers under this path have the API's shapes, and the HTTP status 200."""
    return path == PREFIX or path.startswith(PREFIX + "/")


def address_of(raw_path: str) -> Address | None:
    """Of `{customer_id}/{method}` under the prefix, or the same after `dukcapil/`, for either method; else None."""
    match raw_path.removeprefix(PREFIX).split("/"):
        case ["", customer_id, word] | ["", "dukcapil", customer_id, word] if customer_id and word.upper() in _WORDS:
            return Address(unquote(customer_id), Method(word.upper()))
    return None


def method_of(path: str) -> Method:
    """Whose shape an answer has where the path names none: that of the search."""
    word = path.rpartition("/")[2].upper()
    return Method(word) if word in _WORDS else Method.SEARCH
