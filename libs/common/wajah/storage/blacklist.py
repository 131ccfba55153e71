"""The shared blacklist: under which ids the clients' users stand in it, and how a client's are erased with it."""

import contextlib
import hashlib
import uuid
from datetime import UTC, datetime
from typing import Final

from pydantic_core import to_json

from wajah.contracts.types import SHARED_BLACKLIST
from wajah.storage.ports import GalleryNotFound, Store, UserNotFound

_LONG_AGO: Final = datetime.fromtimestamp(0, UTC)


def entry_of(client_id: str, user_id: str) -> str:
    """A digest of both, 64 characters: two clients may use the same user_id, and nobody else's entry can be named."""
    return hashlib.sha256(to_json([client_id, user_id])).hexdigest()


async def erase_client(store: Store, client_id: str, *, before: datetime | None = None) -> bool:
    """`Registrations.erase`, and ahead of it the client's faces on the blacklist.

    A client that has not deregistered is first made to have done so long ago: it adds nothing meanwhile, and stays `due`
    where this ends early.
    """
    client = await store.clients.get(client_id)
    if client is None or (before is not None and client_id not in await store.registrations.due(before)):
        return False
    if client.deregistered_at is None:
        await store.registrations.deregister(client_id, _LONG_AGO)
    await _erase_entries(store, client_id)
    return await store.registrations.erase(client_id, before=before)


async def _erase_entries(store: Store, client_id: str) -> None:
    with contextlib.suppress(GalleryNotFound):
        for entry, user_id in await store.faces.list(SHARED_BLACKLIST):
            if entry == entry_of(client_id, user_id):
                with contextlib.suppress(UserNotFound):  # whoever erases the same client was faster
                    await store.faces.delete(SHARED_BLACKLIST, entry, uuid.uuid4().hex)
