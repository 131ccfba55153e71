"""Galleries in memory against the real store of one machine."""

import asyncio
import time

import pytest
from matcher.gallery import Gallery
from matcher.keeper import GALLERY_BYTES
from matcher.slots import FACE_OVERHEAD_BYTES
from wajah.contracts.errors import Code, DeadlineExceeded, WajahError
from wajah.contracts.types import GalleryKey
from wajah.storage.ports import CHANGES_KEPT, GalleryNotFound, Store, StoreUnavailable

from tests.unit.matcher.conftest import NewKeeper
from tests.unit.matcher.disturbed import DisturbedStore
from tests.unit.matcher.faces import DIMENSION, GALLERY, MODEL, OTHER_MODEL, enrol, face, soon, template

FACE_BYTES = DIMENSION * 4 + FACE_OVERHEAD_BYTES


async def nearest(gallery: Gallery, seed: int) -> str | None:
    found = await gallery.nearest(template(seed), 1, deadline=soon())
    return found[0].user_id if found else None


async def test_the_first_question_loads_the_gallery(store: Store, new_keeper: NewKeeper) -> None:
    await enrol(store, *(face(f"u{n}", n) for n in range(20)))
    keeper = new_keeper()

    gallery = keeper.open(GALLERY, MODEL)

    assert keeper.loaded(GALLERY, MODEL.model_id) is None
    assert await nearest(gallery, 7) == "u7"
    assert keeper.loaded(GALLERY, MODEL.model_id) is gallery


async def test_an_empty_gallery_answers_with_nobody(new_keeper: NewKeeper) -> None:
    gallery = new_keeper().open(GALLERY, MODEL)

    assert await nearest(gallery, 1) is None
    assert await gallery.match("u1", template(1), deadline=soon()) is None


async def test_what_another_writer_enrols_replaces_and_deletes_is_seen_by_the_next_question(
    store: Store, new_keeper: NewKeeper
) -> None:
    gallery = new_keeper().open(GALLERY, MODEL)
    assert await nearest(gallery, 1) is None

    await enrol(store, face("u1", 1), face("u2", 2))
    assert await nearest(gallery, 1) == "u1"

    await enrol(store, face("u1", 3))
    assert await nearest(gallery, 3) == "u1"
    replaced = await gallery.match("u1", template(3), deadline=soon())
    assert replaced is not None
    assert replaced.cosine == pytest.approx(1.0, abs=1e-6)

    await store.faces.delete(GALLERY, "u1", "a job")
    assert await nearest(gallery, 3) == "u2"


async def test_two_matchers_on_one_store_read_each_others_writes(store: Store, new_keeper: NewKeeper) -> None:
    one, two = new_keeper().open(GALLERY, MODEL), new_keeper().open(GALLERY, MODEL)

    for n in range(10):
        await enrol(store, face(f"u{n}", n))

        assert [await nearest(one, n), await nearest(two, n)] == [f"u{n}"] * 2


async def test_users_of_a_cold_gallery_share_one_load(store: Store, new_keeper: NewKeeper) -> None:
    await enrol(store, *(face(f"u{n}", n) for n in range(8)))
    disturbed = DisturbedStore(store)
    gallery = new_keeper(on=disturbed).open(GALLERY, MODEL)

    found = await asyncio.gather(*(nearest(gallery, n) for n in range(8)))

    assert found == [f"u{n}" for n in range(8)]
    assert disturbed.faces.loads == 1


async def test_a_caller_leaves_at_the_deadline_and_the_load_goes_on(store: Store, new_keeper: NewKeeper) -> None:
    await enrol(store, face("u1", 1))
    disturbed = DisturbedStore(store)
    disturbed.faces.let_go.clear()
    gallery = new_keeper(on=disturbed).open(GALLERY, MODEL)

    with pytest.raises(DeadlineExceeded) as refusal:
        await gallery.nearest(template(1), 1, deadline=time.time() + 0.05)
    disturbed.faces.let_go.set()

    assert (refusal.value.code, refusal.value.retry_after_s) == (Code.BUSY, 1.0)
    assert await nearest(gallery, 1) == "u1"
    assert disturbed.faces.loads == 1


async def test_a_load_that_fails_is_told_and_tried_again_by_the_next_question(store: Store, new_keeper: NewKeeper) -> None:
    await enrol(store, face("u1", 1))
    disturbed = DisturbedStore(store)
    disturbed.faces.broken = True
    gallery = new_keeper(on=disturbed).open(GALLERY, MODEL)

    with pytest.raises(StoreUnavailable):
        await nearest(gallery, 1)
    disturbed.faces.broken = False

    assert await nearest(gallery, 1) == "u1"


async def test_what_is_written_during_a_load_is_found_right_after_it(store: Store, new_keeper: NewKeeper) -> None:
    await enrol(store, face("stays", 1), face("goes", 2), face("changes", 3))
    disturbed = DisturbedStore(store)

    async def write() -> None:
        await enrol(store, face("comes", 4), face("changes", 5))
        await store.faces.delete(GALLERY, "goes", "a job")

    disturbed.faces.meanwhile = write
    gallery = new_keeper(on=disturbed).open(GALLERY, MODEL)

    found = await gallery.nearest(template(5), 10, deadline=soon())

    assert {match.user_id for match in found} == {"stays", "changes", "comes"}
    assert found[0].user_id == "changes"
    assert found[0].cosine == pytest.approx(1.0, abs=1e-6)


async def test_a_gallery_that_changes_faster_than_it_loads_is_told_and_loads_later(
    store: Store, new_keeper: NewKeeper
) -> None:
    await enrol(store, face("first", 9_999))
    disturbed = DisturbedStore(store)

    async def write() -> None:
        await enrol(store, *(face(f"u{n}", n) for n in range(CHANGES_KEPT + 10)))

    disturbed.faces.meanwhile = write
    gallery = new_keeper(on=disturbed).open(GALLERY, MODEL)

    with pytest.raises(WajahError) as refusal:
        await nearest(gallery, 1)
    disturbed.faces.meanwhile = None

    assert (refusal.value.code, refusal.value.retry_after_s) == (Code.BUSY, 1.0)
    assert await nearest(gallery, 1) == "u1"


async def test_a_view_that_is_too_far_behind_is_loaded_afresh(store: Store, new_keeper: NewKeeper) -> None:
    await enrol(store, face("first", 9_999))
    disturbed = DisturbedStore(store)
    gallery = new_keeper(on=disturbed).open(GALLERY, MODEL)
    assert await nearest(gallery, 9_999) == "first"

    await enrol(store, *(face(f"u{n}", n) for n in range(CHANGES_KEPT + 10)))
    await store.faces.delete(GALLERY, "first", "a job")

    found = await gallery.nearest(template(0), 1000, deadline=soon())
    assert {match.user_id for match in found} == {f"u{n}" for n in range(CHANGES_KEPT + 10)}
    assert disturbed.faces.loads == 2


async def test_a_gallery_deleted_elsewhere_is_gone_and_forgotten(store: Store, new_keeper: NewKeeper) -> None:
    await enrol(store, face("u1", 1))
    keeper = new_keeper()
    gallery = keeper.open(GALLERY, MODEL)
    assert await nearest(gallery, 1) == "u1"

    await store.galleries.delete(GALLERY, "a job")

    with pytest.raises(GalleryNotFound):
        await nearest(gallery, 1)
    assert keeper.open(GALLERY, MODEL) is not gallery


async def test_a_gallery_created_again_does_not_show_the_faces_of_the_old_one(store: Store, new_keeper: NewKeeper) -> None:
    await enrol(store, face("old", 1))
    gallery = new_keeper().open(GALLERY, MODEL)
    assert await nearest(gallery, 1) == "old"

    await store.galleries.delete(GALLERY, "a job")
    await store.galleries.create(GALLERY, "another job")
    await enrol(store, face("new", 2))

    found = await gallery.nearest(template(1), 10, deadline=soon())
    assert [match.user_id for match in found] == ["new"]


async def test_a_gallery_that_never_was_is_not_kept(new_keeper: NewKeeper) -> None:
    keeper = new_keeper()
    gallery = keeper.open(GalleryKey("client", "unknown"), MODEL)

    with pytest.raises(GalleryNotFound):
        await nearest(gallery, 1)

    assert keeper.used_bytes == 0


async def test_faces_of_another_model_are_never_compared(store: Store, new_keeper: NewKeeper) -> None:
    await enrol(store, face("u1", 1), face("u2", 2, model_id=OTHER_MODEL.model_id))
    keeper = new_keeper()

    assert await nearest(keeper.open(GALLERY, MODEL), 2) == "u1"
    assert await nearest(keeper.open(GALLERY, OTHER_MODEL), 1) == "u2"


async def test_a_face_enrolled_again_with_another_model_leaves_the_view_of_the_first(
    store: Store, new_keeper: NewKeeper
) -> None:
    await enrol(store, face("u1", 1))
    gallery = new_keeper().open(GALLERY, MODEL)
    assert await nearest(gallery, 1) == "u1"

    await enrol(store, face("u1", 1, model_id=OTHER_MODEL.model_id))

    assert await nearest(gallery, 1) is None


async def test_galleries_are_given_up_least_recently_used_first_and_come_back(store: Store, new_keeper: NewKeeper) -> None:
    keys = [GalleryKey("client", f"gallery {n}") for n in range(3)]
    for key in keys:
        await store.galleries.create(key, "a job")
        await enrol(store, *(face(f"u{n}", n, gallery=key) for n in range(10)))
    keeper = new_keeper(memory_bytes=2 * (GALLERY_BYTES + 10 * FACE_BYTES))
    for key in keys[:2]:
        assert await nearest(keeper.open(key, MODEL), 1) == "u1"
    keeper.open(keys[0], MODEL)

    assert await nearest(keeper.open(keys[2], MODEL), 2) == "u2"

    assert [keeper.loaded(key, MODEL.model_id) is not None for key in keys] == [True, False, True]
    assert keeper.used_bytes <= 2 * (GALLERY_BYTES + 10 * FACE_BYTES)
    assert await nearest(keeper.open(keys[1], MODEL), 3) == "u3"


async def test_a_gallery_larger_than_the_memory_is_kept_while_it_is_used(store: Store, new_keeper: NewKeeper) -> None:
    await enrol(store, *(face(f"u{n}", n) for n in range(10)))
    keeper = new_keeper(memory_bytes=1)

    assert await nearest(keeper.open(GALLERY, MODEL), 4) == "u4"

    assert keeper.loaded(GALLERY, MODEL.model_id) is not None


async def test_questions_under_way_are_answered_when_their_gallery_is_given_up(store: Store, new_keeper: NewKeeper) -> None:
    await enrol(store, face("u1", 1))
    disturbed = DisturbedStore(store)
    disturbed.faces.let_go.clear()
    keeper = new_keeper(on=disturbed)
    question = asyncio.create_task(nearest(keeper.open(GALLERY, MODEL), 1))
    await asyncio.sleep(0.01)

    keeper.drop(GALLERY)
    disturbed.faces.let_go.set()

    assert await question == "u1"
    assert keeper.used_bytes == 0


async def test_enrolments_deletions_and_searches_at_once_each_see_what_was_acknowledged(
    store: Store, new_keeper: NewKeeper
) -> None:
    keepers = [new_keeper(), new_keeper()]

    async def live(n: int) -> None:
        keeper = keepers[n % 2]
        await enrol(store, face(f"u{n}", n))
        await keeper.follow(GALLERY)
        assert await nearest(keepers[(n + 1) % 2].open(GALLERY, MODEL), n) == f"u{n}"
        if n % 3 == 0:
            await store.faces.delete(GALLERY, f"u{n}", f"deletes {n}")
            assert await nearest(keeper.open(GALLERY, MODEL), n) != f"u{n}"

    await asyncio.gather(*(live(n) for n in range(60)))

    for keeper in keepers:
        found = await keeper.open(GALLERY, MODEL).nearest(template(0), 100, deadline=soon())
        assert {match.user_id for match in found} == {f"u{n}" for n in range(60) if n % 3}


async def test_an_audit_repairs_what_differs_and_leaves_the_rest(store: Store, new_keeper: NewKeeper) -> None:
    other = GalleryKey("client", "other")
    await store.galleries.create(other, "a job")
    await enrol(store, face("u1", 1), face("u2", 2), face("u1", 1, gallery=other))
    disturbed = DisturbedStore(store)
    keeper = new_keeper(on=disturbed)
    damaged, whole = keeper.open(GALLERY, MODEL), keeper.open(other, MODEL)
    assert [await nearest(damaged, 1), await nearest(whole, 1)] == ["u1", "u1"]
    assert damaged._view is not None
    damaged._view.put("u1", "name of u1", template(77))
    damaged._view.put("ghost", "Nobody", template(1))

    await keeper.audit()

    assert not damaged.loaded
    assert whole.loaded
    assert await nearest(damaged, 1) == "u1"


async def test_an_audit_finds_a_face_that_the_store_does_not_have(store: Store, new_keeper: NewKeeper) -> None:
    await enrol(store, face("u1", 1))
    gallery = new_keeper().open(GALLERY, MODEL)
    await nearest(gallery, 1)
    assert await gallery.audit() == 0
    assert gallery._view is not None

    gallery._view.put("ghost", "Nobody", template(2))

    assert await gallery.audit() == 1


async def test_an_audit_lets_go_of_what_other_matchers_erased(store: Store, new_keeper: NewKeeper) -> None:
    other = GalleryKey("client", "other")
    await store.galleries.create(other, "a job")
    await enrol(store, face("u1", 1), face("u2", 2), face("u1", 1, gallery=other))
    keeper = new_keeper()
    kept, deleted = keeper.open(GALLERY, MODEL), keeper.open(other, MODEL)
    assert [await nearest(kept, 1), await nearest(deleted, 1)] == ["u1", "u1"]

    await store.faces.delete(GALLERY, "u1", "a job")
    await store.galleries.delete(other, "another job")
    await keeper.audit()

    assert kept.nbytes == FACE_BYTES
    assert deleted.nbytes == 0
    assert keeper.used_bytes == GALLERY_BYTES + FACE_BYTES


async def test_a_writer_is_told_nothing_of_a_view_that_could_not_follow(store: Store, new_keeper: NewKeeper) -> None:
    disturbed = DisturbedStore(store)
    keeper = new_keeper(on=disturbed)
    assert await nearest(keeper.open(GALLERY, MODEL), 1) is None
    await enrol(store, *(face(f"u{n}", n) for n in range(CHANGES_KEPT + 1)))
    disturbed.faces.broken = True

    await keeper.follow(GALLERY)
    disturbed.faces.broken = False

    assert await nearest(keeper.open(GALLERY, MODEL), 1) == "u1"
