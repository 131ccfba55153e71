"""What every store must do for galleries and their sequence numbers."""

import asyncio
from collections import Counter

import pytest
from wajah.contracts.types import GalleryKey
from wajah.storage.ports import CHANGES_KEPT, Changes, GalleryExists, GalleryNotFound, Store

from tests.contract.storage_samples import ODD_IDS, client_in, face, gallery_in, job


async def enrolled(store: Store, gallery: GalleryKey, *user_ids: str) -> None:
    for user_id in user_ids:
        await store.faces.enrol(face(gallery, user_id), replace=True)


class GalleriesSuite:
    async def test_galleries_are_listed_oldest_first(self, store: Store) -> None:
        client_id = await client_in(store)

        for name in ("z", "a", "m"):
            assert await store.galleries.create(GalleryKey(client_id, name), job())

        assert await store.galleries.list(client_id) == ["z", "a", "m"]

    async def test_a_gallery_is_created_once(self, store: Store) -> None:
        gallery = await gallery_in(store)

        with pytest.raises(GalleryExists):
            await store.galleries.create(gallery, job())

    async def test_a_replayed_creation_creates_nothing(self, store: Store) -> None:
        gallery, job_id = GalleryKey(await client_in(store), "staff"), job()

        answers = [await store.galleries.create(gallery, job_id) for _ in range(3)]

        assert answers == [True, False, False]
        assert await store.galleries.list(gallery.client_id) == ["staff"]

    async def test_of_racing_creations_one_wins(self, store: Store) -> None:
        gallery = GalleryKey(await client_in(store), "staff")

        outcomes = await asyncio.gather(*(store.galleries.create(gallery, job()) for _ in range(16)), return_exceptions=True)

        assert Counter(type(each) for each in outcomes) == {bool: 1, GalleryExists: 15}

    async def test_clients_do_not_see_each_others_galleries(self, store: Store) -> None:
        mine = await gallery_in(store)
        theirs = GalleryKey(await client_in(store), mine.gallery_id)

        assert await store.galleries.list(theirs.client_id) == []
        with pytest.raises(GalleryNotFound):
            await store.galleries.sequence(theirs)
        with pytest.raises(GalleryNotFound):
            await store.galleries.delete(theirs, job())
        assert await store.galleries.create(theirs, job())

    @pytest.mark.parametrize("name", ODD_IDS)
    async def test_any_printable_id_names_its_own_gallery(self, store: Store, name: str) -> None:
        client_id = await client_in(store)
        for each in (name, f"{name}."[-120:], "plain"):
            await gallery_in(store, client_id, each)

        await store.galleries.delete(GalleryKey(client_id, name), job())

        assert await store.galleries.list(client_id) == [f"{name}."[-120:], "plain"]

    async def test_owner_and_name_are_not_confused(self, store: Store) -> None:
        for client_id in ("a", "a b"):
            await client_in(store, client_id)

        await gallery_in(store, "a", "b c")
        await gallery_in(store, "a b", "c")

        assert await store.galleries.list("a") == ["b c"]
        assert await store.galleries.list("a b") == ["c"]

    async def test_a_deletion_takes_the_faces_and_says_how_many(self, store: Store) -> None:
        gallery = await gallery_in(store)
        await enrolled(store, gallery, "u1", "u2", "u3")

        assert await store.galleries.delete(gallery, job()) == 3

        assert await store.galleries.list(gallery.client_id) == []
        assert await store.faces.get(gallery, "u1") is None
        with pytest.raises(GalleryNotFound):
            await store.faces.list(gallery)

    async def test_what_is_not_there_is_not_deleted(self, store: Store) -> None:
        with pytest.raises(GalleryNotFound):
            await store.galleries.delete(GalleryKey(await client_in(store), "none"), job())

    async def test_a_replayed_deletion_answers_as_before(self, store: Store) -> None:
        gallery, job_id = await gallery_in(store), job()
        await enrolled(store, gallery, "u1", "u2")

        answers = [await store.galleries.delete(gallery, job_id) for _ in range(3)]

        assert answers == [2, 2, 2]
        with pytest.raises(GalleryNotFound):
            await store.galleries.delete(gallery, job())

    async def test_a_replayed_deletion_leaves_a_re_created_gallery_alone(self, store: Store) -> None:
        gallery, job_id = await gallery_in(store), job()
        await store.galleries.delete(gallery, job_id)
        await store.galleries.create(gallery, job())
        await enrolled(store, gallery, "new")

        assert await store.galleries.delete(gallery, job_id) == 0

        assert await store.faces.get(gallery, "new") is not None

    async def test_a_re_created_gallery_is_empty(self, store: Store) -> None:
        gallery = await gallery_in(store)
        await enrolled(store, gallery, "u1")
        await store.galleries.delete(gallery, job())

        await store.galleries.create(gallery, job())

        assert await store.faces.list(gallery) == []
        assert await store.faces.get(gallery, "u1") is None

    async def test_every_change_of_a_face_raises_the_sequence(self, store: Store) -> None:
        gallery = await gallery_in(store)
        seen = [await store.galleries.sequence(gallery)]

        await store.faces.enrol(face(gallery, "u1"), replace=False)
        seen.append(await store.galleries.sequence(gallery))
        await store.faces.enrol(face(gallery, "u1"), replace=True)
        seen.append(await store.galleries.sequence(gallery))
        await store.faces.delete(gallery, "u1", job())
        seen.append(await store.galleries.sequence(gallery))

        assert seen == sorted(set(seen))

    async def test_changes_name_who_changed_since(self, store: Store) -> None:
        gallery = await gallery_in(store)
        await enrolled(store, gallery, "u1")
        since = await store.galleries.sequence(gallery)

        await enrolled(store, gallery, "u2", "u3", "u2")
        await store.faces.delete(gallery, "u1", job())

        changes = await store.galleries.changes(gallery, since)
        assert changes == Changes(await store.galleries.sequence(gallery), frozenset({"u1", "u2", "u3"}))
        assert await store.galleries.changes(gallery, changes.sequence) == Changes(changes.sequence, frozenset())

    async def test_changes_too_long_ago_can_not_be_told(self, store: Store) -> None:
        gallery = await gallery_in(store)
        before = await store.galleries.sequence(gallery)
        await enrolled(store, gallery, "first")
        after = await store.galleries.sequence(gallery)

        for i in range(CHANGES_KEPT):
            await store.faces.enrol(face(gallery, f"u{i % 7}"), replace=True)

        assert (await store.galleries.changes(gallery, before)).user_ids is None
        assert (await store.galleries.changes(gallery, after)).user_ids == frozenset(f"u{i}" for i in range(7))

    async def test_a_re_created_gallery_goes_on_counting(self, store: Store) -> None:
        gallery = await gallery_in(store)
        await enrolled(store, gallery, "u1", "u2")
        before = await store.galleries.sequence(gallery)
        await store.galleries.delete(gallery, job())

        await store.galleries.create(gallery, job())

        assert await store.galleries.sequence(gallery) > before
        assert (await store.galleries.changes(gallery, before)).user_ids is None

    @pytest.mark.usefixtures("settles_races")
    async def test_racing_changes_are_all_told(self, store: Store) -> None:
        gallery = await gallery_in(store)
        since = await store.galleries.sequence(gallery)
        users = {f"u{i}" for i in range(64)}

        await asyncio.gather(*(store.faces.enrol(face(gallery, user_id), replace=False) for user_id in users))

        assert await store.galleries.changes(gallery, since) == Changes(since + 64, frozenset(users))

    @pytest.mark.usefixtures("settles_races")
    async def test_an_enrolment_that_races_with_a_deletion_leaves_no_face_behind(self, store: Store) -> None:
        for _ in range(10):
            gallery = await gallery_in(store)

            outcomes = await asyncio.gather(
                *(store.faces.enrol(face(gallery, f"u{i}"), replace=False) for i in range(8)),
                store.galleries.delete(gallery, job()),
                *(store.faces.enrol(face(gallery, f"v{i}"), replace=False) for i in range(8)),
                return_exceptions=True,
            )

            assert {type(each) for each in outcomes} <= {bool, int, GalleryNotFound}
            await store.galleries.create(gallery, job())
            assert await store.faces.list(gallery) == []
