"""What every store must do for the faces and galleries that a client may have."""

import asyncio
from collections import Counter
from collections.abc import Awaitable

import pytest
from wajah.contracts.types import GalleryKey
from wajah.storage.ports import (
    GalleryExists,
    GalleryNotFound,
    NotRegistered,
    Quota,
    QuotaUsedUp,
    Store,
    UserExists,
    UserNotFound,
)

from tests.contract.storage_samples import client_in, face, gallery_in, job


async def left(store: Store, client_id: str, quota: Quota) -> int | None:
    client = await store.clients.get(client_id)
    assert client is not None
    return client.remaining[quota]


async def told(work: Awaitable[object]) -> type[BaseException] | None:
    """What it raised."""
    try:
        await work
    except Exception as error:
        return type(error)
    return None


class QuotasSuite:
    async def test_a_face_takes_one_while_it_exists(self, store: Store) -> None:
        gallery = await gallery_in(store, await client_in(store, remaining={Quota.FACES: 2}))

        await store.faces.enrol(face(gallery, "u1"), replace=False)
        await store.faces.enrol(face(gallery, "u1"), replace=True)
        while_there = await left(store, gallery.client_id, Quota.FACES)
        await store.faces.delete(gallery, "u1", job())

        assert while_there == 1
        assert await left(store, gallery.client_id, Quota.FACES) == 2

    async def test_a_gallery_takes_one_while_it_exists_and_its_faces_come_back_with_it(self, store: Store) -> None:
        client_id = await client_in(store, remaining={Quota.FACES: 5, Quota.GALLERIES: 2})
        gallery = await gallery_in(store, client_id)
        for n in range(3):
            await store.faces.enrol(face(gallery, f"u{n}"), replace=False)

        while_there = [await left(store, client_id, quota) for quota in (Quota.GALLERIES, Quota.FACES)]
        await store.galleries.delete(gallery, job())

        assert while_there == [1, 2]
        assert [await left(store, client_id, quota) for quota in (Quota.GALLERIES, Quota.FACES)] == [2, 5]

    async def test_one_too_many_is_refused_and_says_which(self, store: Store) -> None:
        client_id = await client_in(store, remaining={Quota.FACES: 0, Quota.GALLERIES: 1})
        gallery = await gallery_in(store, client_id)

        with pytest.raises(QuotaUsedUp, match="n_face used up"):
            await store.faces.enrol(face(gallery, "u1"), replace=False)
        with pytest.raises(QuotaUsedUp, match="n_facegallery used up"):
            await store.galleries.create(GalleryKey(client_id, "second"), job())

        assert await store.faces.list(gallery) == []
        assert await store.galleries.list(client_id) == [gallery.gallery_id]

    async def test_what_fails_takes_nothing(self, store: Store) -> None:
        client_id = await client_in(store, remaining={Quota.FACES: 5, Quota.GALLERIES: 5})
        gallery = await gallery_in(store, client_id)
        await store.faces.enrol(face(gallery, "u1"), replace=False)

        failures = [
            await told(store.faces.enrol(face(gallery, "u1"), replace=False)),
            await told(store.faces.enrol(face(GalleryKey(client_id, "none"), "u2"), replace=False)),
            await told(store.galleries.create(gallery, job())),
            await told(store.faces.delete(gallery, "nobody", job())),
        ]

        assert failures == [UserExists, GalleryNotFound, GalleryExists, UserNotFound]
        assert await left(store, client_id, Quota.FACES) == 4
        assert await left(store, client_id, Quota.GALLERIES) == 4

    async def test_a_replay_takes_and_gives_nothing(self, store: Store) -> None:
        client_id = await client_in(store, remaining={Quota.FACES: 5, Quota.GALLERIES: 5})
        gallery, created = GalleryKey(client_id, "staff"), job()
        enrolled, deleted = face(gallery, "u1"), job()

        for _ in range(3):
            await store.galleries.create(gallery, created)
        for _ in range(3):
            await store.faces.enrol(enrolled, replace=False)
        after_enrolments = await left(store, client_id, Quota.FACES)
        for _ in range(3):
            await store.faces.delete(gallery, "u1", deleted)

        assert after_enrolments == 4
        assert await left(store, client_id, Quota.FACES) == 5
        assert await left(store, client_id, Quota.GALLERIES) == 4

    @pytest.mark.usefixtures("settles_races")
    async def test_of_64_enrolments_exactly_as_many_pass_as_are_left(self, store: Store) -> None:
        gallery = await gallery_in(store, await client_in(store, remaining={Quota.FACES: 10}))

        outcomes = await asyncio.gather(*(told(store.faces.enrol(face(gallery, f"u{n}"), replace=False)) for n in range(64)))

        assert Counter(outcomes) == {None: 10, QuotaUsedUp: 54}
        assert len(await store.faces.list(gallery)) == 10
        assert await left(store, gallery.client_id, Quota.FACES) == 0

    @pytest.mark.usefixtures("settles_races")
    async def test_of_64_creations_exactly_as_many_pass_as_are_left(self, store: Store) -> None:
        client_id = await client_in(store, remaining={Quota.GALLERIES: 10})

        outcomes = await asyncio.gather(
            *(told(store.galleries.create(GalleryKey(client_id, f"g{n}"), job())) for n in range(64))
        )

        assert Counter(outcomes) == {None: 10, QuotaUsedUp: 54}
        assert len(await store.galleries.list(client_id)) == 10

    @pytest.mark.usefixtures("settles_races")
    async def test_racing_enrolments_and_deletions_of_one_user_keep_the_account(self, store: Store) -> None:
        gallery = await gallery_in(store, await client_in(store, remaining={Quota.FACES: 50}))

        await asyncio.gather(
            *(told(store.faces.enrol(face(gallery, "u1"), replace=n % 2 == 0)) for n in range(16)),
            *(told(store.faces.delete(gallery, "u1", job())) for _ in range(16)),
        )

        assert await left(store, gallery.client_id, Quota.FACES) == 50 - len(await store.faces.list(gallery))

    async def test_nobody_writes_for_a_client_that_does_not_exist(self, store: Store) -> None:
        with pytest.raises(NotRegistered):
            await store.galleries.create(GalleryKey("nobody", "staff"), job())

        assert await store.galleries.list("nobody") == []

    async def test_a_limit_counts_what_is_there(self, store: Store) -> None:
        client_id = await client_in(store)
        gallery = await gallery_in(store, client_id)
        for n in range(3):
            await store.faces.enrol(face(gallery, f"u{n}"), replace=False)

        await store.clients.limit(client_id, {Quota.HITS: 7, Quota.FACES: 5})

        client = await store.clients.get(client_id)
        assert client is not None
        assert client.remaining == {Quota.HITS: 7, Quota.FACES: 2, Quota.GALLERIES: None}
        assert await store.clients.holdings(client_id) == {Quota.FACES: 3, Quota.GALLERIES: 1}

    async def test_a_limit_below_what_is_there_stops_what_is_new_until_enough_has_gone(self, store: Store) -> None:
        client_id = await client_in(store)
        gallery = await gallery_in(store, client_id)
        for n in range(3):
            await store.faces.enrol(face(gallery, f"u{n}"), replace=False)

        await store.clients.limit(client_id, {Quota.FACES: 2})
        await store.faces.delete(gallery, "u0", job())
        refused = await told(store.faces.enrol(face(gallery, "new"), replace=False))
        await store.faces.delete(gallery, "u1", job())
        taken = await told(store.faces.enrol(face(gallery, "new"), replace=False))

        assert (refused, taken) == (QuotaUsedUp, None)

    async def test_a_lifted_limit_counts_no_more(self, store: Store) -> None:
        client_id = await client_in(store, remaining={Quota.FACES: 0})
        gallery = await gallery_in(store, client_id)

        await store.clients.limit(client_id, {Quota.FACES: None})
        await store.faces.enrol(face(gallery, "u1"), replace=False)
        await store.faces.delete(gallery, "u1", job())

        assert await left(store, client_id, Quota.FACES) is None

    async def test_nobody_limits_a_client_that_does_not_exist(self, store: Store) -> None:
        with pytest.raises(NotRegistered):
            await store.clients.limit("nobody", {Quota.HITS: 1})

    async def test_clients_are_listed_in_order_of_their_ids(self, store: Store) -> None:
        for name in ("zeta", "acme", "acme.b"):
            await client_in(store, name)

        assert [client.client_id for client in await store.clients.list()] == ["acme", "acme.b", "zeta"]
