"""The field types that contracts share: identifiers, binary fields, and the name of a gallery."""

import base64
import binascii
import unicodedata
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

MAX_IDENTIFIER_CHARS = 120


def _printable(value: str) -> str:
    if not 1 <= len(value) <= MAX_IDENTIFIER_CHARS or not value.isprintable():
        raise ValueError(f"must be 1 to {MAX_IDENTIFIER_CHARS} printable characters")
    return value


def _free_of_controls(value: str) -> str:
    if not 1 <= len(value) <= MAX_IDENTIFIER_CHARS or any(unicodedata.category(each) in {"Cc", "Cs"} for each in value):
        raise ValueError(f"must be 1 to {MAX_IDENTIFIER_CHARS} characters without control characters")
    return value


def bytes_or_base64(value: object) -> object:
    """Raw bytes of base64 text; anything else as it is. Raises ValueError for text that is no base64."""
    if isinstance(value, str):
        try:
            return base64.b64decode(value, validate=True)
        except binascii.Error as error:
            raise ValueError("not base64") from error
    return bytes(value) if isinstance(value, memoryview | bytearray) else value


Identifier = Annotated[str, AfterValidator(_printable)]
"""Printable text of 1 to 120 characters, compared exactly (`wire-facts.md`, Requests)."""

PersonName = Annotated[str, AfterValidator(_free_of_controls)]
"""A name as people write it, of 1 to 120 characters: shown, never compared. Only control characters and lone surrogates are
refused; word processors leave no-break spaces in names, and some scripts need zero-width joiners."""

Binary = Annotated[bytes, BeforeValidator(bytes_or_base64)]
"""Raw bytes in a binary frame, base64 text in a JSON message."""


class Contract(BaseModel):
    """Base of everything on the queue: immutable, deaf to keys that a newer publisher may add, errors without the input."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


FIRST_GALLERY_SUFFIX = "@trial"


def first_gallery(client_id: str) -> str:
    """The gallery that every client starts with."""
    return client_id + FIRST_GALLERY_SUFFIX


class GalleryKey(NamedTuple):
    """A gallery is known by its owner and its name: two clients may use the same name."""

    client_id: str
    gallery_id: str


CIVIL_REGISTER = GalleryKey("@register", "people")
"""The faces of the platform's own civil register, by NIK; nobody can sign in as its owner."""

SHARED_BLACKLIST = GalleryKey("@shared", "blacklist")
"""The one gallery that every client may write to; nobody can sign in as its owner."""

OWN_CLIENTS = frozenset({CIVIL_REGISTER.client_id, SHARED_BLACKLIST.client_id})
"""Owners of the platform's own galleries."""
