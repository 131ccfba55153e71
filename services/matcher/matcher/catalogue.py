"""Stages that create, list and delete the galleries of a client."""

from wajah.contracts.envelope import Job
from wajah.contracts.jobs import CreateGallery, DeleteGallery, ListGalleries
from wajah.contracts.results import GalleriesListed, GalleryCreated, GalleryDeleted
from wajah.contracts.types import GalleryKey
from wajah.storage.ports import GalleryNotFound, Quota, Store

from matcher.keeper import Keeper
from matcher.quotas import reserved


class Catalogue:
    """Handlers of the stages on galleries."""

    def __init__(self, store: Store, keeper: Keeper) -> None:
        self._store = store
        self._keeper = keeper

    async def create(self, job: Job[CreateGallery]) -> GalleryCreated:
        """Raises GalleryExists, QuotaUsedUp where it is one too many."""
        gallery, job_id = job.gallery, job.envelope.job_id
        if await self._exists(gallery):
            await self._store.galleries.create(gallery, job_id)  # no error where this same job created it
        else:
            async with reserved(self._store.clients, gallery.client_id, Quota.GALLERIES) as reservation:
                reservation.needed = await self._store.galleries.create(gallery, job_id)
        return GalleryCreated(gallery_id=gallery.gallery_id)

    async def list(self, job: Job[ListGalleries]) -> GalleriesListed:
        """Oldest first."""
        return GalleriesListed(gallery_ids=tuple(await self._store.galleries.list(job.envelope.client_id)))

    async def delete(self, job: Job[DeleteGallery]) -> GalleryDeleted:
        """With all of its faces. Raises GalleryNotFound."""
        gallery = job.gallery
        existed = await self._exists(gallery)
        faces = await self._store.galleries.delete(gallery, job.envelope.job_id)
        self._keeper.drop(gallery)
        if existed:  # else this same job deleted it before
            await self._store.clients.give_back(gallery.client_id, Quota.GALLERIES)
            await self._store.clients.give_back(gallery.client_id, Quota.FACES, faces)
        return GalleryDeleted(gallery_id=gallery.gallery_id)

    async def _exists(self, gallery: GalleryKey) -> bool:
        try:
            await self._store.galleries.sequence(gallery)
        except GalleryNotFound:
            return False
        return True
