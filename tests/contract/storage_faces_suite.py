"""What every store must do for enrolled faces."""

import asyncio
from collections import Counter
from dataclasses import fields, replace

import numpy as np
import pytest
from wajah.contracts.types import GalleryKey
from wajah.storage.ports import Face, FaceBatch, GalleryNotFound, Store, UserExists, UserNotFound

from tests.contract.storage_samples import DIMENSION, MODEL, ODD_IDS, QUALITY, client_in, face, gallery_in, job


def assert_same(found: Face | None, expected: Face) -> None:
    """Bit for bit."""
    assert found is not None
    for each in fields(Face):
        if each.name != "template":
            assert getattr(found, each.name) == getattr(expected, each.name)
    assert found.template.dtype == np.float32
    np.testing.assert_array_equal(found.template, expected.template)


async def loaded(store: Store, gallery: GalleryKey, model_id: str = MODEL) -> list[FaceBatch]:
    return [batch async for batch in store.faces.load(gallery, model_id)]


class FacesSuite:
    faces_to_load = 5000
    """More than a batch of the store."""

    async def test_a_face_comes_back_as_it_was_enrolled(self, store: Store) -> None:
        gallery = await gallery_in(store)
        enrolled = face(gallery, "u1", user_name="Dr. O'Neil $1")

        replaced = await store.faces.enrol(enrolled, replace=False)

        assert not replaced
        assert_same(await store.faces.get(gallery, "u1"), enrolled)

    @pytest.mark.parametrize("masked", [True, False])
    async def test_mask_and_quality_come_back_alone_and_in_batches(self, store: Store, masked: bool) -> None:
        gallery = await gallery_in(store)
        enrolled = replace(face(gallery, "u1"), masked=masked, quality=QUALITY)
        await store.faces.enrol(face(gallery, "u2"), replace=False)

        await store.faces.enrol(replace(enrolled, masked=not masked, quality=None, job_id=job()), replace=False)
        await store.faces.enrol(enrolled, replace=True)

        assert_same(await store.faces.get(gallery, "u1"), enrolled)
        batches = await loaded(store, gallery)
        flags = {user_id: flag for batch in batches for user_id, flag in zip(batch.user_ids, batch.masked, strict=True)}
        assert flags == {"u1": masked, "u2": False}
        assert all(batch.masked.dtype == bool for batch in batches)

    @pytest.mark.parametrize("user_id", ODD_IDS)
    async def test_any_printable_id_names_its_own_face(self, store: Store, user_id: str) -> None:
        gallery = await gallery_in(store)
        enrolled = face(gallery, user_id, user_name=user_id)
        since = await store.galleries.sequence(gallery)

        await store.faces.enrol(enrolled, replace=False)

        assert_same(await store.faces.get(gallery, user_id), enrolled)
        assert await store.faces.list(gallery) == [(user_id, user_id)]
        assert (await store.galleries.changes(gallery, since)).user_ids == frozenset({user_id})
        assert [batch.user_ids for batch in await loaded(store, gallery)] == [[user_id]]
        await store.faces.delete(gallery, user_id, job())
        assert await store.faces.get(gallery, user_id) is None

    async def test_ids_are_compared_exactly(self, store: Store) -> None:
        gallery = await gallery_in(store)
        alike = ["Budi", "budi", "budi ", "búdi", "bu\u0301di"]

        for user_id in alike:
            await store.faces.enrol(face(gallery, user_id), replace=False)

        assert [user_id for user_id, _ in await store.faces.list(gallery)] == alike

    async def test_a_user_is_enrolled_once(self, store: Store) -> None:
        gallery = await gallery_in(store)
        first = face(gallery, "u1")
        await store.faces.enrol(first, replace=False)

        with pytest.raises(UserExists):
            await store.faces.enrol(face(gallery, "u1"), replace=False)

        assert_same(await store.faces.get(gallery, "u1"), first)

    async def test_a_replacement_replaces_everything_but_the_place(self, store: Store) -> None:
        gallery = await gallery_in(store)
        for user_id in ("u1", "u2"):
            await store.faces.enrol(face(gallery, user_id), replace=False)
        other = face(gallery, "u1", user_name="renamed", model_id="pack-b")

        replaced = await store.faces.enrol(other, replace=True)

        assert replaced
        assert_same(await store.faces.get(gallery, "u1"), other)
        assert await store.faces.list(gallery) == [("u1", "renamed"), ("u2", "Budi")]

    async def test_replacing_nobody_enrols(self, store: Store) -> None:
        gallery = await gallery_in(store)

        assert not await store.faces.enrol(face(gallery, "u1"), replace=True)

        assert await store.faces.list(gallery) == [("u1", "Budi")]

    @pytest.mark.parametrize("replace", [False, True])
    async def test_a_replayed_enrolment_changes_nothing(self, store: Store, replace: bool) -> None:
        gallery = await gallery_in(store)
        if replace:
            await store.faces.enrol(face(gallery, "u1"), replace=False)
        enrolled = face(gallery, "u1")

        answers = [await store.faces.enrol(enrolled, replace=replace) for _ in range(3)]

        assert answers == [replace] * 3
        assert_same(await store.faces.get(gallery, "u1"), enrolled)
        assert len(await store.faces.list(gallery)) == 1

    async def test_of_32_racing_enrolments_one_wins(self, store: Store) -> None:
        gallery = await gallery_in(store)
        racing = [face(gallery, "u1") for _ in range(32)]

        outcomes = await asyncio.gather(*(store.faces.enrol(each, replace=False) for each in racing), return_exceptions=True)

        assert Counter(type(each) for each in outcomes) == {bool: 1, UserExists: 31}
        winner = next(each for each, outcome in zip(racing, outcomes, strict=True) if outcome is False)
        assert_same(await store.faces.get(gallery, "u1"), winner)

    @pytest.mark.usefixtures("settles_races")
    async def test_racing_replacements_leave_one_whole_face(self, store: Store) -> None:
        gallery = await gallery_in(store)
        racing = [face(gallery, "u1", user_name=f"name {i}") for i in range(16)]

        outcomes = await asyncio.gather(*(store.faces.enrol(each, replace=True) for each in racing))

        assert Counter(outcomes) == {False: 1, True: 15}
        found = await store.faces.get(gallery, "u1")
        assert found is not None
        assert_same(found, next(each for each in racing if each.job_id == found.job_id))

    async def test_no_face_without_its_gallery(self, store: Store) -> None:
        missing = GalleryKey(await client_in(store), "none")

        with pytest.raises(GalleryNotFound):
            await store.faces.enrol(face(missing, "u1"), replace=True)
        with pytest.raises(GalleryNotFound):
            await store.faces.list(missing)
        with pytest.raises(GalleryNotFound):
            await store.faces.delete(missing, "u1", job())
        assert await store.faces.get(missing, "u1") is None
        assert await store.faces.get_many(missing, ["u1"]) == []
        assert await loaded(store, missing) == []

    async def test_a_deleted_face_is_gone(self, store: Store) -> None:
        gallery = await gallery_in(store)
        for user_id in ("u1", "u2"):
            await store.faces.enrol(face(gallery, user_id), replace=False)

        await store.faces.delete(gallery, "u1", job())

        assert await store.faces.get(gallery, "u1") is None
        assert await store.faces.list(gallery) == [("u2", "Budi")]
        assert [batch.user_ids for batch in await loaded(store, gallery)] == [["u2"]]

    async def test_who_is_not_enrolled_is_not_deleted(self, store: Store) -> None:
        gallery = await gallery_in(store)

        with pytest.raises(UserNotFound):
            await store.faces.delete(gallery, "u1", job())

    async def test_a_replayed_deletion_of_a_face_leaves_a_later_enrolment_alone(self, store: Store) -> None:
        gallery, job_id = await gallery_in(store), job()
        await store.faces.enrol(face(gallery, "u1"), replace=False)
        await store.faces.delete(gallery, "u1", job_id)
        again = face(gallery, "u1")
        await store.faces.enrol(again, replace=False)

        await store.faces.delete(gallery, "u1", job_id)

        assert_same(await store.faces.get(gallery, "u1"), again)

    async def test_a_job_that_deleted_nobody_may_delete_once_there_is_somebody(self, store: Store) -> None:
        gallery, job_id = await gallery_in(store), job()
        with pytest.raises(UserNotFound):
            await store.faces.delete(gallery, "u1", job_id)
        await store.faces.enrol(face(gallery, "u1"), replace=False)

        await store.faces.delete(gallery, "u1", job_id)

        assert await store.faces.get(gallery, "u1") is None

    @pytest.mark.usefixtures("settles_races")
    async def test_of_racing_deletions_one_finds_the_face(self, store: Store) -> None:
        gallery = await gallery_in(store)
        await store.faces.enrol(face(gallery, "u1"), replace=False)

        outcomes = await asyncio.gather(
            *(store.faces.delete(gallery, "u1", job()) for _ in range(16)), return_exceptions=True
        )

        assert Counter(type(each) for each in outcomes) == {type(None): 1, UserNotFound: 15}

    async def test_many_faces_are_found_at_once_and_missing_ones_left_out(self, store: Store) -> None:
        gallery = await gallery_in(store)
        for i in range(20):
            await store.faces.enrol(face(gallery, f"u{i}"), replace=False)

        found = await store.faces.get_many(gallery, [*(f"u{i}" for i in range(5, 15)), "nobody"])

        assert {each.user_id for each in found} == {f"u{i}" for i in range(5, 15)}
        assert await store.faces.get_many(gallery, []) == []

    async def test_the_same_user_in_two_galleries_is_two_faces(self, store: Store) -> None:
        client_id = await client_in(store)
        galleries = [
            await gallery_in(store, client_id, "a"),
            await gallery_in(store, client_id, "b"),
            await gallery_in(store, None, "a"),
        ]
        faces = [face(gallery, "u1") for gallery in galleries]
        for each in faces:
            await store.faces.enrol(each, replace=False)

        await store.faces.delete(galleries[1], "u1", job())

        assert_same(await store.faces.get(galleries[0], "u1"), faces[0])
        assert await store.faces.get(galleries[1], "u1") is None
        assert_same(await store.faces.get(galleries[2], "u1"), faces[2])

    async def test_a_load_has_the_faces_of_its_model_only(self, store: Store) -> None:
        gallery, other = await gallery_in(store), await gallery_in(store)
        for user_id, model_id in (("u1", MODEL), ("u2", "pack-b"), ("u3", MODEL)):
            await store.faces.enrol(face(gallery, user_id, model_id=model_id), replace=False)
        await store.faces.enrol(face(other, "elsewhere"), replace=False)

        assert [batch.user_ids for batch in await loaded(store, gallery)] == [["u1", "u3"]]
        assert [batch.user_ids for batch in await loaded(store, gallery, "pack-b")] == [["u2"]]
        assert await loaded(store, gallery, "pack-c") == []

    async def test_a_load_of_many_equals_what_was_enrolled(self, store: Store) -> None:
        gallery = await gallery_in(store)
        faces = {f"{i:x}": face(gallery, f"{i:x}", user_name="n" * (i % 40)) for i in range(self.faces_to_load)}
        waiting = iter(faces.values())

        async def enrol_one_by_one() -> None:
            for each in waiting:
                await store.faces.enrol(each, replace=False)

        await asyncio.gather(*(enrol_one_by_one() for _ in range(16)))

        seen: set[str] = set()
        for batch in await loaded(store, gallery):
            assert batch.templates.shape == (len(batch.user_ids), DIMENSION)
            assert batch.templates.dtype == np.float32
            for user_id, user_name, template in zip(batch.user_ids, batch.user_names, batch.templates, strict=True):
                assert user_id not in seen
                seen.add(user_id)
                assert user_name == faces[user_id].user_name
                np.testing.assert_array_equal(template, faces[user_id].template)
        assert seen == faces.keys()
