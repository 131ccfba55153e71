"""Stages that create, list and delete the galleries of a client."""

from wajah.contracts.envelope import Job
from wajah.contracts.jobs import CreateGallery, DeleteGallery, ListGalleries
from wajah.contracts.results import GalleriesListed, GalleryCreated, GalleryDeleted
from wajah.storage.ports import Store

from matcher.keeper import Keeper


class Catalogue:
    """Handlers of the stages on galleries."""

    def __init__(self, store: Store, keeper: Keeper) -> None:
        self._store = store
        self._keeper = keeper

    async def create(self, job: Job[CreateGallery]) -> GalleryCreated:
        """Raises GalleryExists, QuotaUsedUp where it is one too many."""
        await self._store.galleries.create(job.gallery, job.envelope.job_id)
        return GalleryCreated(gallery_id=job.gallery.gallery_id)

    async def list(self, job: Job[ListGalleries]) -> GalleriesListed:
        """Oldest first."""
        return GalleriesListed(gallery_ids=tuple(await self._store.galleries.list(job.envelope.client_id)))

    async def delete(self, job: Job[DeleteGallery]) -> GalleryDeleted:
        """With all of its faces. Raises GalleryNotFound."""
        await self._store.galleries.delete(job.gallery, job.envelope.job_id)
        self._keeper.drop(job.gallery)
        return GalleryDeleted(gallery_id=job.gallery.gallery_id)
