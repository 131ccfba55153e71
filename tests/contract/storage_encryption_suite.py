"""What every store must do for encryption: nothing in it tells a template without a key, and no key outlives its client."""

import asyncio
from collections.abc import Awaitable, Callable

import numpy as np
from wajah.contracts.types import GalleryKey
from wajah.security.template_encryption import OVERHEAD_BYTES, VERSION, DataKey, WillNotOpen, identity
from wajah.storage.encrypted_store import EncryptedStore
from wajah.storage.ports import Face

from tests.contract.storage_samples import DIMENSION, MODEL, client_in, face, gallery_in

SEALED_BYTES = OVERHEAD_BYTES + 4 * DIMENSION
USERS = [f"u{n}" for n in range(8)]

EveryByte = Callable[[], Awaitable[bytes]]


async def with_faces(store: EncryptedStore) -> tuple[GalleryKey, list[Face]]:
    gallery = await gallery_in(store)
    faces = [face(gallery, user_id) for user_id in USERS]
    await asyncio.gather(*(store.faces.enrol(each, replace=False) for each in faces))
    return gallery, faces


def opened(everything: bytes, keys: list[DataKey], galleries: list[GalleryKey]) -> set[bytes]:
    """Every template of these galleries that any of the keys opens, wherever in the store it stands."""
    found = set()
    for key in keys:
        at = everything.find(VERSION + key.key_id)
        while at >= 0:
            for name in (identity(gallery, user_id, MODEL) for gallery in galleries for user_id in USERS):
                try:
                    found.add(key.open(everything[at : at + SEALED_BYTES], name))
                except WillNotOpen:
                    continue
            at = everything.find(VERSION + key.key_id, at + 1)
    return found


class EncryptionSuite:
    async def test_no_template_stands_bare_in_the_store(self, store: EncryptedStore, every_byte: EveryByte) -> None:
        gallery, faces = await with_faces(store)

        everything = await every_byte()

        assert gallery.client_id.encode() in everything
        assert not [each.user_id for each in faces if each.template.tobytes() in everything]

    async def test_a_clients_key_is_made_once(self, store: EncryptedStore) -> None:
        client_id = await client_in(store)

        keys = await asyncio.gather(*(store.ring.current(client_id) for _ in range(8)))

        assert len({key.key_id for key in keys}) == 1

    async def test_clients_have_keys_of_their_own(self, store: EncryptedStore) -> None:
        one, other = await client_in(store), await client_in(store)

        keys = [await store.ring.current(client_id) for client_id in (one, other)]

        assert keys[0].key_id != keys[1].key_id
        assert await store.ring.find(one, keys[1].key_id) is None

    async def test_when_a_client_is_erased_no_key_opens_its_templates(
        self, store: EncryptedStore, every_byte: EveryByte
    ) -> None:
        clients = [await with_faces(store) for _ in range(12)]
        keys = {gallery.client_id: await store.ring.current(gallery.client_id) for gallery, _ in clients}
        galleries = [gallery for gallery, _ in clients]
        before = opened(await every_byte(), list(keys.values()), galleries)

        for gallery, _ in clients[:6]:
            assert await store.registrations.erase(gallery.client_id)

        everything = await every_byte()
        remaining = [keys[gallery.client_id] for gallery, _ in clients[6:]]
        assert before == {each.template.tobytes() for _, faces in clients for each in faces}
        assert opened(everything, list(keys.values()), galleries) == {
            each.template.tobytes() for _, faces in clients[6:] for each in faces
        }
        assert all(key.key_id in everything for key in remaining)
        assert not [gallery for gallery, _ in clients[:6] if keys[gallery.client_id].key_id in everything]

    async def test_a_client_that_comes_again_gets_another_key(self, store: EncryptedStore) -> None:
        gallery, _ = await with_faces(store)
        key = await store.ring.current(gallery.client_id)
        await store.registrations.erase(gallery.client_id)

        await gallery_in(store, await client_in(store, gallery.client_id))
        again = face(gallery, "u1")
        await store.faces.enrol(again, replace=False)

        assert (await store.ring.current(gallery.client_id)).key_id != key.key_id
        found = await store.faces.get(gallery, "u1")
        assert found is not None
        np.testing.assert_array_equal(found.template, again.template)
