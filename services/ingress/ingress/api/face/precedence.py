"""Which fault is told first: a missing gallery or user outranks what the picture shows, which is found out earlier."""

from typing import Final

from wajah.contracts.errors import Code, WajahError
from wajah.contracts.jobs import Enrol, EnrolKtp, GalleryPayload, Payload, Verify
from wajah.contracts.types import GalleryKey
from wajah.storage.ports import Store, UserExists, UserNotFound

_FACE_FAULTS: Final = frozenset({Code.FACE_NOT_DETECTED, Code.FACE_TOO_SMALL})


class Precedence:
    """Asks the store only when a job has failed for its face, so that a call that goes well pays nothing."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def told_first(self, error: WajahError, payload: Payload, client_id: str) -> WajahError:
        """The error itself, or the gallery's or user's fault that stands before it in the documented order."""
        if error.code not in _FACE_FAULTS or not isinstance(payload, GalleryPayload):
            return error
        gallery = GalleryKey(client_id, payload.gallery_id)
        try:
            await self._store.galleries.sequence(gallery)
            return await self._user_fault(gallery, payload) or error
        except WajahError as earlier:
            return earlier

    async def _user_fault(self, gallery: GalleryKey, payload: Payload) -> WajahError | None:
        match payload:
            case Verify(user_id=user_id):
                return None if await self._store.faces.enrolled(gallery, user_id) else UserNotFound()
            case Enrol(user_id=user_id, force=False) | EnrolKtp(user_id=user_id):
                return UserExists() if await self._store.faces.enrolled(gallery, user_id) else None
        return None
