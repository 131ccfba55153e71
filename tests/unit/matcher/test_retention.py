"""Faces that are kept until a moment: matched before it, never from it on, and swept from the store by any matcher."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from matcher.expiries import Expiries
from matcher.retention import erase_expired, forget_transactions
from wajah.contracts.errors import Code
from wajah.storage.ports import Face, Quota, Store, Transaction

from tests.unit.matcher.conftest import NewKeeper
from tests.unit.matcher.faces import GALLERY, MODEL, enrol, face, soon, template

SHORTLY_S = 0.3


def kept(user_id: str, seed: int, *, for_s: float) -> Face:
    return replace(face(user_id, seed), retention_until=datetime.now(UTC) + timedelta(seconds=for_s))


def record(job_id: str, *, days_ago: float) -> Transaction:
    at = datetime.now(UTC) - timedelta(days=days_ago)
    return Transaction(job_id, "verify", GALLERY.client_id, None, Code.SUCCESS, None, None, None, None, {}, at)


async def test_a_loaded_face_is_matched_until_its_moment_and_not_a_sweep_longer(store: Store, new_keeper: NewKeeper) -> None:
    await enrol(store, kept("ends", 1, for_s=SHORTLY_S), face("stays", 2))
    gallery = new_keeper().open(GALLERY, MODEL)

    before = await gallery.nearest(template(1), 1, deadline=soon())
    await asyncio.sleep(SHORTLY_S)
    after = await gallery.nearest(template(1), 2, deadline=soon())
    claimed = await gallery.match("ends", template(1), deadline=soon())

    assert [match.user_id for match in before] == ["ends"]
    assert [match.user_id for match in after] == ["stays"]
    assert claimed is None


async def test_a_face_enrolled_into_a_loaded_gallery_ends_too(store: Store, new_keeper: NewKeeper) -> None:
    gallery = new_keeper().open(GALLERY, MODEL)
    assert await gallery.nearest(template(1), 1, deadline=soon()) == []
    await enrol(store, kept("ends", 1, for_s=SHORTLY_S))

    before = await gallery.nearest(template(1), 1, deadline=soon())
    await asyncio.sleep(SHORTLY_S)

    assert [match.user_id for match in before] == ["ends"]
    assert await gallery.nearest(template(1), 1, deadline=soon()) == []


async def test_a_longer_retention_replaces_a_shorter_one(store: Store, new_keeper: NewKeeper) -> None:
    await enrol(store, kept("u1", 1, for_s=SHORTLY_S))
    gallery = new_keeper().open(GALLERY, MODEL)
    await gallery.nearest(template(1), 1, deadline=soon())

    await enrol(store, kept("u1", 1, for_s=3600))
    await gallery.nearest(template(1), 1, deadline=soon())
    await asyncio.sleep(SHORTLY_S)

    assert [match.user_id for match in await gallery.nearest(template(1), 1, deadline=soon())] == ["u1"]


async def test_an_audit_finds_nothing_wrong_with_a_face_that_ended(store: Store, new_keeper: NewKeeper) -> None:
    await enrol(store, kept("ends", 1, for_s=SHORTLY_S), face("stays", 2))
    keeper = new_keeper()
    gallery = keeper.open(GALLERY, MODEL)
    await gallery.nearest(template(1), 1, deadline=soon())
    await asyncio.sleep(SHORTLY_S)

    await gallery.follow(deadline=soon())

    assert await gallery.audit() == 0


async def test_a_sweep_by_two_matchers_erases_once_and_frees_the_quota(store: Store, new_keeper: NewKeeper) -> None:
    await store.clients.limit(GALLERY.client_id, {Quota.FACES: 10})
    await enrol(store, *(kept(f"u{n}", n, for_s=-1) for n in range(5)), face("stays", 9))
    keepers = [new_keeper(), new_keeper()]

    await asyncio.gather(*(erase_expired(store, keeper) for keeper in keepers))

    assert await store.faces.list(GALLERY) == [("stays", "name of stays")]
    found = await store.clients.get(GALLERY.client_id)
    assert found is not None
    assert found.remaining[Quota.FACES] == 9


async def test_a_sweep_reaches_the_views_in_memory(store: Store, new_keeper: NewKeeper) -> None:
    await enrol(store, face("stays", 2), kept("ends", 1, for_s=SHORTLY_S))
    keeper = new_keeper()
    gallery = keeper.open(GALLERY, MODEL)
    await gallery.nearest(template(1), 2, deadline=soon())
    before = gallery.nbytes
    await asyncio.sleep(SHORTLY_S)

    await erase_expired(store, keeper)

    assert gallery.nbytes < before


async def test_old_records_are_forgotten_unless_they_are_kept_for_ever(store: Store) -> None:
    await store.transactions.add([record("old", days_ago=30), record("recent", days_ago=1)])

    await forget_transactions(store, days=0)
    assert len(await store.transactions.find()) == 2
    await forget_transactions(store, days=7)

    assert [each.job_id for each in await store.transactions.find()] == ["recent"]


def test_an_end_is_told_once_and_only_the_latest() -> None:
    expiries = Expiries()
    expiries.put("a", 10.0)
    expiries.put("b", 5.0)
    expiries.put("b", 20.0)
    expiries.put("c", 7.0)
    expiries.put("c", float("inf"))
    expiries.put("d", 8.0)
    expiries.remove("d")

    assert expiries.ended(9.0) == []
    assert expiries.ended(10.0) == ["a"]
    assert expiries.ended(30.0) == ["b"]
    assert expiries.ended(30.0) == []
