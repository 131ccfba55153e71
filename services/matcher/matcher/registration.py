"""Stages that register and deregister a client and count what is left to it, and the erasure of who left for good."""

import contextlib
from datetime import UTC, datetime, timedelta

import structlog
from wajah.contracts.envelope import Job
from wajah.contracts.jobs import CountClient, DeregisterClient, RegisterClient
from wajah.contracts.results import ClientCounted, ClientDeregistered, ClientRegistered
from wajah.contracts.types import GalleryKey, first_gallery
from wajah.storage.blacklist import erase_client
from wajah.storage.ports import GalleryExists, NotRegistered, Quota, Store

_log = structlog.get_logger()


class Registration:
    """Handlers of the stages on clients. All raise NotRegistered for a client that doesn't exist."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def register(self, job: Job[RegisterClient]) -> ClientRegistered:
        """What it had is back before its first gallery is asked for: a used-up quota must not lock it out.

        Raises QuotaUsedUp where it deleted its first gallery, and another is one too many.
        """
        client_id = job.envelope.client_id
        gallery = GalleryKey(client_id, first_gallery(client_id))
        await self._store.registrations.register(client_id)
        with contextlib.suppress(GalleryExists):
            await self._store.galleries.create(gallery, job.envelope.job_id)
        return ClientRegistered(gallery_id=gallery.gallery_id)

    async def deregister(self, job: Job[DeregisterClient]) -> ClientDeregistered:
        client_id = job.envelope.client_id
        await self._store.registrations.deregister(client_id, datetime.now(UTC))
        return ClientDeregistered(gallery_ids=tuple(await self._store.galleries.list(client_id)))

    async def count(self, job: Job[CountClient]) -> ClientCounted:
        client = await self._store.clients.get(job.envelope.client_id)
        if client is None:
            raise NotRegistered
        left = {quota: None if n is None else max(0, n) for quota, n in client.remaining.items()}
        return ClientCounted(hits=left[Quota.HITS], faces=left[Quota.FACES], galleries=left[Quota.GALLERIES])


async def erase_deregistered(store: Store, *, grace: timedelta) -> None:
    """Erase the clients whose grace period has ended. Several matchers may do so at once: they help each other."""
    ended = datetime.now(UTC) - grace
    for client_id in await store.registrations.due(ended):
        if await erase_client(store, client_id, before=ended):
            _log.info("client erased", client_id=client_id)
