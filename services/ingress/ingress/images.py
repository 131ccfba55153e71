"""From a request's image string to JPEG or PNG bytes: liberal in how base64 is written down, strict in what it means."""

import binascii
from dataclasses import dataclass
from typing import Final

import pybase64
from wajah.contracts.errors import Code, WajahError

MAX_DATA_URI_HEADER_CHARS: Final = 200
_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")
_WHITESPACE: Final = b" \t\r\n\v\f"
_MAGIC: Final = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")


@dataclass(frozen=True, slots=True)
class ImageField:
    """An image field's own codes of the status table."""

    not_base64: Code
    type_unknown: Code


IMAGE: Final = ImageField(Code.IMAGE_NOT_BASE64, Code.IMAGE_TYPE_UNKNOWN)
SOURCE_IMAGE: Final = ImageField(Code.SOURCE_IMAGE_NOT_BASE64, Code.SOURCE_IMAGE_TYPE_UNKNOWN)
TARGET_IMAGE: Final = ImageField(Code.TARGET_IMAGE_NOT_BASE64, Code.IMAGE_ERROR)


def image_bytes(text: str, field: ImageField) -> bytes:
    """The picture of an image string; whether it can be decoded is the embedder's to say.

    Raises WajahError 490/492/494 for what is not base64, 491/493/495 for what is neither JPEG nor PNG.
    """
    try:
        image = pybase64.b64decode(text, validate=True)
    except ValueError:
        image = _decode_liberally(text, field)
    if not image:
        raise WajahError(field.not_base64)
    if not is_image(image):
        raise WajahError(field.type_unknown)
    return image


def is_image(image: bytes) -> bool:
    """Whether it begins like a JPEG or a PNG."""
    return image.startswith(_MAGIC)


def _decode_liberally(text: str, field: ImageField) -> bytes:
    """Base64 with a data URI's header, line breaks, the URL-safe alphabet, or without its padding."""
    try:
        compact = _without_data_uri(text).encode("ascii").translate(_URL_SAFE, _WHITESPACE).rstrip(b"=")
        return pybase64.b64decode(compact + b"=" * (-len(compact) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise WajahError(field.not_base64) from None


def _without_data_uri(text: str) -> str:
    if text[:MAX_DATA_URI_HEADER_CHARS].lstrip()[:5].lower() != "data:":
        return text
    header, comma, _ = text[:MAX_DATA_URI_HEADER_CHARS].partition(",")
    if not comma or not header.rstrip().lower().endswith(";base64"):
        raise ValueError("a data URI without base64")
    return text[len(header) + 1 :]
