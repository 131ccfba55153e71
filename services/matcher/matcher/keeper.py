"""Which galleries are in memory: opened at first use, given up least recently used first when memory is short."""

import time
from collections import OrderedDict
from typing import Final

import structlog
from wajah.contracts.errors import WajahError
from wajah.contracts.models import FaceModel
from wajah.contracts.types import GalleryKey
from wajah.storage.ports import TIMEOUT_S

from matcher.gallery import Gallery, Resources

FOLLOW_WITHIN_S: Final = 1.0  # a writer is not kept longer
GALLERY_BYTES: Final = 16_384  # what an open gallery takes before its first face

_log = structlog.get_logger()


class Keeper:
    """The galleries of one matcher, in about `memory_bytes`; the one in use is kept even where it is larger."""

    def __init__(self, resources: Resources, *, memory_bytes: int) -> None:
        self._resources = resources
        self._memory_bytes = memory_bytes
        self._galleries: OrderedDict[GalleryKey, dict[str, Gallery]] = OrderedDict()
        self._sizes: dict[Gallery, int] = {}
        self.used_bytes = 0
        """Memory of all open galleries, about."""

    def open(self, key: GalleryKey, model: FaceModel) -> Gallery:
        """The gallery's view of the faces of one model; it loads when it is first asked."""
        of_models = self._galleries.setdefault(key, {})
        self._galleries.move_to_end(key)
        gallery = of_models.get(model.model_id)
        if gallery is None:
            gallery = of_models[model.model_id] = Gallery(
                key,
                model,
                self._resources,
                on_resized=self._make_room,
                on_gone=lambda gone: self.drop(gone.key),
            )
            self._sizes[gallery] = 0
            self._make_room(gallery)
        return gallery

    def loaded(self, key: GalleryKey, model_id: str) -> Gallery | None:
        """The view where it is in memory; asking costs no load."""
        gallery = self._galleries.get(key, {}).get(model_id)
        if gallery is None or not gallery.loaded:
            return None
        self._galleries.move_to_end(key)
        return gallery

    async def follow(self, key: GalleryKey) -> None:
        """Bring the views in memory up to a write that has just returned, within a second.

        A failure is logged, not raised: the write is done, and the next question follows the store again.
        """
        for gallery in list(self._galleries.get(key, {}).values()):
            if gallery.loaded:
                try:
                    await gallery.follow(deadline=time.time() + FOLLOW_WITHIN_S)
                except WajahError as error:
                    _log.warning("gallery not followed", gallery=key, code=error.code, reason=error.message)

    def drop(self, key: GalleryKey) -> None:
        """Give a gallery's memory back; questions under way are still answered."""
        for gallery in self._galleries.pop(key, {}).values():
            self.used_bytes -= self._sizes.pop(gallery)

    async def audit(self) -> None:
        """Compare every loaded gallery with the store, and reload those that differ; let go of those that were deleted.

        Also what other matchers erased leaves this one's memory here, where nobody has asked since.
        """
        for gallery in [each for of_models in self._galleries.values() for each in of_models.values()]:
            if gallery in self._sizes and gallery.loaded:  # not dropped meanwhile
                try:
                    await _audit(gallery)
                except WajahError as error:
                    _log.warning("gallery not audited", gallery=gallery.key, code=error.code, reason=error.message)

    def _make_room(self, gallery: Gallery) -> None:
        if gallery not in self._sizes:  # dropped meanwhile
            return
        nbytes = GALLERY_BYTES + gallery.nbytes
        self.used_bytes += nbytes - self._sizes[gallery]
        self._sizes[gallery] = nbytes
        while self.used_bytes > self._memory_bytes and len(self._galleries) > 1:
            oldest = next(key for key in self._galleries if key != gallery.key)
            _log.info("gallery given up for memory", gallery=oldest)
            self.drop(oldest)


async def _audit(gallery: Gallery) -> None:
    """A write is durable a moment before the sequence tells of it: only what differs twice is a difference."""
    await gallery.follow(deadline=time.time() + TIMEOUT_S)
    if await gallery.audit() and (differing := await gallery.audit()):
        _log.error("gallery differed from the store, reloading", gallery=gallery.key, faces=differing)
        gallery.forget()
