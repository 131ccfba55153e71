"""Erases what is kept no longer: faces whose retention has ended, and old transaction records.

Several matchers may do so at once: a face is erased by the first of them, as the job enrolled it that the sweep saw.
"""

import uuid
from datetime import UTC, datetime, timedelta

import structlog
from wajah.contracts.types import GalleryKey
from wajah.storage.ports import GalleryNotFound, Store, UserNotFound

from matcher.keeper import Keeper

_log = structlog.get_logger()


async def erase_expired(store: Store, keeper: Keeper) -> None:
    """Views in memory follow."""
    while expired := await store.faces.expired(datetime.now(UTC)):
        erased: dict[GalleryKey, int] = {}
        for face in expired:
            try:
                await store.faces.delete(face.gallery, face.user_id, uuid.uuid4().hex, enrolled_by=face.job_id)
            except (GalleryNotFound, UserNotFound):
                continue  # another matcher was faster, or it was enrolled again
            erased[face.gallery] = erased.get(face.gallery, 0) + 1
        for gallery, count in erased.items():
            await keeper.follow(gallery)
            _log.info("faces erased whose retention ended", gallery=gallery, count=count)
        if not erased:
            return


async def forget_transactions(store: Store, *, days: float) -> None:
    """Erase records older than that; 0 keeps them."""
    if days:
        forgotten = await store.transactions.forget(datetime.now(UTC) - timedelta(days=days))
        if forgotten:
            _log.info("transactions forgotten", count=forgotten)
