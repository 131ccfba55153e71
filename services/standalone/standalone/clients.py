"""Clients as the operator manages them: an account, its limits, its first gallery, and its end."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from wajah.contracts.errors import Code, WajahError
from wajah.contracts.types import FIRST_GALLERY_SUFFIX, MAX_IDENTIFIER_CHARS, OWN_CLIENTS, GalleryKey, first_gallery
from wajah.security.passwords import Passwords
from wajah.storage.blacklist import erase_client
from wajah.storage.connect import open_store
from wajah.storage.ports import Client, ClientExists, NotRegistered, Quota, Store

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
    if client_id in OWN_CLIENTS:
        raise ClientExists
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


async def list_clients(store: Store) -> list[dict[str, Any]]:
    """In order of their ids."""
    return [_described(client) for client in await store.clients.list()]


async def show_client(store: Store, client_id: str) -> dict[str, Any]:
    """With its galleries and its limits: faces and galleries in all. Raises WajahError for an unknown client."""
    client = await store.clients.get(client_id)
    if client is None:
        raise NotRegistered
    holdings = await store.clients.holdings(client_id)
    limits = {
        quota.value: None if left is None else left + holdings[quota]
        for quota, left in client.remaining.items()
        if quota in holdings
    }
    return _described(client) | {
        "has": {quota.value: held for quota, held in holdings.items()},
        "limits": limits,
        "facegalleries": await store.galleries.list(client_id),
    }


async def deregister_client(store: Store, client_id: str) -> dict[str, Any]:
    """What client/delete does. Raises WajahError for an unknown client."""
    await store.registrations.deregister(client_id, datetime.now(UTC))
    return await show_client(store, client_id)


async def purge_client(store: Store, client_id: str) -> dict[str, Any]:
    """Erase it for good. Raises WajahError for an unknown client."""
    holdings = await store.clients.holdings(client_id)
    if not await erase_client(store, client_id):
        raise NotRegistered
    return {"client_id": client_id, "erased": {quota.value: held for quota, held in holdings.items()}}


def _described(client: Client) -> dict[str, Any]:
    return {
        "client_id": client.client_id,
        "created_at": client.created_at.isoformat(timespec="seconds"),
        "deregistered_at": client.deregistered_at and client.deregistered_at.isoformat(timespec="seconds"),
        "remaining": {quota.value: left if left is None else max(0, left) for quota, left in client.remaining.items()},
    }


async def add_client_to(store_url: str, client_id: str, password: str | None, limits: Limits) -> AddedClient:
    """`add_client` on a store that is opened for it."""
    store = open_store(store_url)
    await store.start()
    try:
        return await add_client(store, Passwords(), client_id, password, limits)
    finally:
        await store.stop()
