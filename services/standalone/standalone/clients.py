"""Clients as the operator manages them: an account, its limits, and its first gallery."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from wajah.contracts.errors import Code, WajahError
from wajah.contracts.types import FIRST_GALLERY_SUFFIX, MAX_IDENTIFIER_CHARS, GalleryKey, first_gallery
from wajah.security.passwords import Passwords
from wajah.storage.connect import open_store
from wajah.storage.ports import Client, Quota, Store

GENERATED_PASSWORD_BYTES = 18
MAX_CLIENT_ID_CHARS = MAX_IDENTIFIER_CHARS - len(FIRST_GALLERY_SUFFIX)


@dataclass(frozen=True, slots=True)
class Limits:
    """How many API hits, faces and galleries a client may use; None is unlimited."""

    hits: int | None = None
    faces: int | None = None
    galleries: int | None = None


@dataclass(frozen=True, slots=True)
class AddedClient:
    """`password` is set when it was generated: it is shown once and stored nowhere."""

    client_id: str
    password: str | None
    gallery_id: str
    limits: Limits


async def add_client(
    store: Store, passwords: Passwords, client_id: str, password: str | None, limits: Limits
) -> AddedClient:
    """Create an account with its first gallery. Raises WajahError 400 for a client that exists or an unusable id."""
    gallery_id = first_gallery(client_id)
    if not client_id.isprintable() or not 1 <= len(client_id) <= MAX_CLIENT_ID_CHARS:
        raise WajahError(Code.MALFORMED, f"a client id is 1 to {MAX_CLIENT_ID_CHARS} printable characters")
    chosen = password or secrets.token_urlsafe(GENERATED_PASSWORD_BYTES)
    client = Client(
        client_id=client_id,
        password_hash=await passwords.hash(chosen),
        remaining={Quota.HITS: limits.hits, Quota.FACES: limits.faces, Quota.GALLERIES: limits.galleries},
        created_at=datetime.now(UTC),
    )
    await store.clients.add(client)
    await store.galleries.create(GalleryKey(client_id, gallery_id), job_id=f"client-add:{client_id}")
    return AddedClient(client_id, None if password else chosen, gallery_id, limits)


async def add_client_to(store_url: str, client_id: str, password: str | None, limits: Limits) -> AddedClient:
    """`add_client` on a store that is opened for it."""
    store = open_store(store_url)
    await store.start()
    try:
        return await add_client(store, Passwords(), client_id, password, limits)
    finally:
        await store.stop()
