"""Natural keys as `_id`, so that the database itself refuses a duplicate."""

from typing import Final

from wajah.contracts.stages import Stage
from wajah.contracts.types import GalleryKey

SEPARATOR: Final = "\x1f"  # not printable: no identifier contains it
_DIGITS: Final = 20  # any 64-bit number: text order is then the order of the numbers


def gallery_id(gallery: GalleryKey) -> str:
    return SEPARATOR.join(gallery)


def incarnation_id(gallery: GalleryKey, incarnation: int) -> str:
    """A gallery from its creation to its deletion: faces belong to this, never to the name alone."""
    return f"{gallery_id(gallery)}{SEPARATOR}{incarnation:0{_DIGITS}d}"


def gallery_of(incarnation: str) -> GalleryKey:
    client_id, name, _ = incarnation.split(SEPARATOR)
    return GalleryKey(client_id, name)


def face_id(incarnation: str, user_id: str) -> str:
    return f"{incarnation}{SEPARATOR}{user_id}"


def operation_id(operation: str, job_id: str, gallery: GalleryKey, user_id: str = "") -> str:
    return SEPARATOR.join((operation, job_id, *gallery, user_id))


def call_id(job_id: str, stage: Stage) -> str:
    return f"{job_id}{SEPARATOR}{stage.value}"
