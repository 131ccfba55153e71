"""A unit of a quota in MongoDB, whose jobs die between the documents that they write, and come again."""

from collections.abc import AsyncIterator, Awaitable
from datetime import timedelta
from typing import Any

import pytest
from wajah.contracts.types import GalleryKey
from wajah.storage.connect import open_store
from wajah.storage.mongo import quotas
from wajah.storage.mongo.faces import MongoFaces
from wajah.storage.mongo.galleries import MongoGalleries
from wajah.storage.mongo.operations import Operations
from wajah.storage.mongo.quotas import Quotas
from wajah.storage.ports import GalleryExists, Quota, Store, UserExists

from tests.contract.storage_quotas_suite import left
from tests.contract.storage_samples import KEYS, client_in, face, gallery_in, job


class Died(Exception):
    """The process, as a test makes it die."""


@pytest.fixture
async def store(mongo_url: str) -> AsyncIterator[Store]:
    store = open_store(mongo_url, KEYS)
    await store.start()
    yield store
    await store.stop()


@pytest.fixture
async def gallery(store: Store) -> GalleryKey:
    return await gallery_in(store, await client_in(store, remaining={Quota.FACES: 3, Quota.GALLERIES: 3}))


async def dies(monkeypatch: pytest.MonkeyPatch, kind: type[Any], method: str, work: Awaitable[object]) -> None:
    """The work is under way, and ends where it asks `method`."""

    async def die(*_args: Any, **_more: Any) -> None:
        raise Died

    with monkeypatch.context() as patched:
        patched.setattr(kind, method, die)
        with pytest.raises(Died):
            await work


STEPS = [
    (Quotas, "reserve"),
    (MongoFaces, "_insert"),
    (Quotas, "settle"),
    (MongoGalleries, "changed"),
    (Operations, "remember"),
]


@pytest.mark.parametrize(("kind", "method"), STEPS)
async def test_an_enrolment_takes_one_wherever_its_first_attempt_died(
    store: Store, gallery: GalleryKey, monkeypatch: pytest.MonkeyPatch, kind: type[Any], method: str
) -> None:
    enrolled = face(gallery, "u1")
    await dies(monkeypatch, kind, method, store.faces.enrol(enrolled, replace=False))

    for _ in range(2):
        assert not await store.faces.enrol(enrolled, replace=False)

    assert await left(store, gallery.client_id, Quota.FACES) == 2
    await store.faces.delete(gallery, "u1", job())
    assert await left(store, gallery.client_id, Quota.FACES) == 3


@pytest.mark.parametrize("method", ["_insert", "reserve"])
async def test_an_enrolment_that_comes_again_too_late_gives_its_unit_back_once(
    store: Store, gallery: GalleryKey, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    late = face(gallery, "u1")
    await dies(monkeypatch, MongoFaces if method == "_insert" else Quotas, method, store.faces.enrol(late, replace=False))
    await store.faces.enrol(face(gallery, "u1"), replace=False)

    for _ in range(3):
        with pytest.raises(UserExists):
            await store.faces.enrol(late, replace=False)

    assert await left(store, gallery.client_id, Quota.FACES) == 2


@pytest.mark.parametrize("end", ["delete the face", "delete the gallery", "replace the face"])
async def test_who_ends_an_unsettled_enrolment_leaves_the_account_right(
    store: Store, gallery: GalleryKey, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    unsettled = face(gallery, "u1")
    await dies(monkeypatch, Quotas, "settle", store.faces.enrol(unsettled, replace=False))

    if end == "delete the face":
        await store.faces.delete(gallery, "u1", job())
    elif end == "delete the gallery":
        await store.galleries.delete(gallery, job())
    else:
        await store.faces.enrol(face(gallery, "u1"), replace=True)
        with pytest.raises(UserExists):
            await store.faces.enrol(unsettled, replace=False)
    monkeypatch.setattr(quotas, "ABANDONED", timedelta(0))
    await store.stop()
    await store.start()

    assert await left(store, gallery.client_id, Quota.FACES) == (2 if end == "replace the face" else 3)


@pytest.mark.parametrize(("kind", "method"), [(MongoGalleries, "_claim"), (Quotas, "settle"), (Operations, "remember")])
async def test_a_creation_takes_one_wherever_its_first_attempt_died(
    store: Store, gallery: GalleryKey, monkeypatch: pytest.MonkeyPatch, kind: type[Any], method: str
) -> None:
    created, creation = GalleryKey(gallery.client_id, "second"), job()
    await dies(monkeypatch, kind, method, store.galleries.create(created, creation))

    for _ in range(2):
        await store.galleries.create(created, creation)
    with pytest.raises(GalleryExists):
        await store.galleries.create(created, job())

    assert await left(store, gallery.client_id, Quota.GALLERIES) == 1


async def test_what_a_job_reserved_that_never_comes_again_is_free_after_an_hour(
    store: Store, gallery: GalleryKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    await dies(monkeypatch, MongoFaces, "_insert", store.faces.enrol(face(gallery, "u1"), replace=False))

    await store.stop()
    await store.start()
    at_once = await left(store, gallery.client_id, Quota.FACES)
    monkeypatch.setattr(quotas, "ABANDONED", timedelta(0))
    await store.stop()
    await store.start()

    assert at_once == 2
    assert await left(store, gallery.client_id, Quota.FACES) == 3


async def test_a_limit_that_is_lifted_meanwhile_stays_lifted(
    store: Store, gallery: GalleryKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = face(gallery, "u1")
    await dies(monkeypatch, MongoFaces, "_insert", store.faces.enrol(late, replace=False))
    await store.clients.limit(gallery.client_id, {Quota.FACES: None})
    await store.faces.enrol(face(gallery, "u1"), replace=False)

    with pytest.raises(UserExists):
        await store.faces.enrol(late, replace=False)

    assert await left(store, gallery.client_id, Quota.FACES) is None
