"""Every stage of the matcher through the bus, as a caller sees it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
from matcher.service import MatcherService
from matcher.settings import MatcherSettings
from wajah.contracts.envelope import Reply
from wajah.contracts.errors import Code, WajahError
from wajah.contracts.jobs import (
    CreateGallery,
    DeleteFace,
    DeleteGallery,
    Identify,
    ListFaces,
    ListGalleries,
    Payload,
    Search,
    Verify,
)
from wajah.contracts.results import (
    Enrolled,
    FacesListed,
    GalleriesListed,
    GalleryCreated,
    Identified,
    Searched,
    Verified,
)
from wajah.contracts.types import GalleryKey
from wajah.messaging.inprocess import InProcessBus
from wajah.messaging.service import Resource, running
from wajah.messaging.topology import Topology
from wajah.storage.ports import Quota, Store

from tests.unit.matcher.asking import MAIN, NO_IMAGE, Platform, enrolment, refusal
from tests.unit.matcher.faces import (
    GALLERY,
    OTHER_MODEL,
    Template,
    at_cosine,
    client,
    enrol,
    face,
    template,
)


@pytest.fixture
async def platform(store: Store) -> AsyncIterator[Platform]:
    topology = Topology(4)
    bus = InProcessBus(topology)
    matcher = MatcherService(MatcherSettings(search_threads=2), bus, store, topology)

    async def ready() -> bool:
        return bus.ready

    async with running([Resource("bus", bus.start, ready, bus.stop), matcher], grace_s=5.0):
        yield Platform(bus, topology, store)


async def test_an_enrolled_face_is_identified_and_verified(platform: Platform) -> None:
    enrolled = (await platform.ask(enrolment("u1"), template(1))).result(Enrolled)
    await platform.ask(enrolment("u2"), template(2))

    identified = (await platform.ask(Identify(gallery_id=MAIN, image=NO_IMAGE), template(2))).result(Identified)
    verified = (await platform.ask(Verify(gallery_id=MAIN, user_id="u1", image=NO_IMAGE), template(1))).result(Verified)

    assert (enrolled.user_id, enrolled.replaced) == ("u1", False)
    assert identified.best is not None
    assert (identified.best.user_id, identified.best.user_name) == ("u2", "name of u2")
    assert (verified.user_name, verified.verified) == ("name of u1", True)


async def test_the_identical_image_has_similarity_one(platform: Platform) -> None:
    for n in range(20):
        await platform.ask(enrolment(f"u{n}"), template(n))
        cold = (await platform.ask(Verify(gallery_id=MAIN, user_id=f"u{n}", image=NO_IMAGE), template(n))).result(Verified)
        found = (await platform.ask(Identify(gallery_id=MAIN, image=NO_IMAGE), template(n))).result(Identified)
        warm = (await platform.ask(Verify(gallery_id=MAIN, user_id=f"u{n}", image=NO_IMAGE), template(n))).result(Verified)

        assert [cold.similarity, found.similarity, warm.similarity] == [1.0, 1.0, 1.0]


async def test_similarity_is_the_models_calibration_and_decides_at_the_threshold(platform: Platform) -> None:
    await platform.ask(enrolment("u1"), template(1))
    near, far = at_cosine(template(1), 0.51), at_cosine(template(1), 0.25)
    verify = Verify(gallery_id=MAIN, user_id="u1", image=NO_IMAGE)

    alike = (await platform.ask(verify, near)).result(Verified)
    unlike = (await platform.ask(verify, far)).result(Verified)
    lenient = (await platform.ask(verify.model_copy(update={"threshold": 0.3}), far)).result(Verified)

    assert (alike.similarity, alike.verified) == (pytest.approx(0.755, abs=1e-4), True)
    assert (unlike.similarity, unlike.verified) == (pytest.approx(0.375, abs=1e-4), False)
    assert lenient.verified


async def test_nobody_above_the_threshold_leaves_the_best_similarity(platform: Platform) -> None:
    await platform.ask(enrolment("u1"), template(1))

    far = (await platform.ask(Identify(gallery_id=MAIN, image=NO_IMAGE), at_cosine(template(1), 0.4))).result(Identified)

    assert far.best is None
    assert far.similarity == pytest.approx(0.6, abs=1e-4)


async def test_an_empty_gallery_identifies_nobody_with_similarity_zero(platform: Platform) -> None:
    nobody = (await platform.ask(Identify(gallery_id=MAIN, image=NO_IMAGE, threshold=0.0), template(1))).result(Identified)

    assert (nobody.best, nobody.similarity) == (None, 0.0)


async def test_a_search_gives_the_faces_above_the_threshold_best_first_up_to_the_limit(platform: Platform) -> None:
    for n, cosine in enumerate((0.9, 0.7, 0.8, 0.6, 0.2)):
        await platform.ask(enrolment(f"u{n}"), at_cosine(template(1), cosine))
    search = Search(gallery_id=MAIN, image=NO_IMAGE)

    found = (await platform.ask(search, template(1))).result(Searched).candidates
    fewer = (await platform.ask(search.model_copy(update={"limit": 2}), template(1))).result(Searched).candidates

    assert [candidate.user_id for candidate in found] == ["u0", "u2", "u1", "u3"]
    assert found[0].similarity == pytest.approx(0.95, abs=1e-4)
    assert [candidate.user_id for candidate in fewer] == ["u0", "u2"]


@pytest.mark.parametrize("warm", [False, True])
async def test_an_unknown_user_is_told_after_an_unknown_gallery(platform: Platform, warm: bool) -> None:
    await platform.ask(enrolment("u1"), template(1))
    if warm:
        await platform.ask(Identify(gallery_id=MAIN, image=NO_IMAGE), template(1))

    user = await platform.ask(Verify(gallery_id=MAIN, user_id="nobody", image=NO_IMAGE), template(1))
    gallery = await platform.ask(Verify(gallery_id="none", user_id="nobody", image=NO_IMAGE), template(1))

    assert refusal(user)[0] is Code.USER_NOT_FOUND
    assert refusal(gallery)[0] is Code.GALLERY_NOT_FOUND


@pytest.mark.parametrize(
    "payload",
    [
        Identify(gallery_id="none", image=NO_IMAGE),
        Search(gallery_id="none", image=NO_IMAGE),
        enrolment("u1", gallery_id="none"),
        ListFaces(gallery_id="none"),
        DeleteFace(gallery_id="none", user_id="u1"),
        DeleteGallery(gallery_id="none"),
    ],
    ids=lambda payload: payload.job.value,
)
async def test_an_unknown_gallery_is_told(platform: Platform, payload: Payload) -> None:
    assert refusal(await platform.ask(payload, template(1)))[0] is Code.GALLERY_NOT_FOUND


async def test_the_gallery_of_another_client_does_not_exist(platform: Platform) -> None:
    await platform.ask(enrolment("u1"), template(1))
    await platform.store.clients.add(client("stranger"))

    reply = await platform.ask(Identify(gallery_id=MAIN, image=NO_IMAGE), template(1), client_id="stranger")

    assert refusal(reply)[0] is Code.GALLERY_NOT_FOUND


@pytest.mark.parametrize("warm", [False, True])
async def test_a_face_of_another_model_must_be_enrolled_again(platform: Platform, warm: bool) -> None:
    await enrol(platform.store, face("u1", 1, model_id=OTHER_MODEL.model_id))
    if warm:
        await platform.ask(Identify(gallery_id=MAIN, image=NO_IMAGE), template(1))

    code, message = refusal(await platform.ask(Verify(gallery_id=MAIN, user_id="u1", image=NO_IMAGE), template(1)))

    assert code is Code.USER_NOT_FOUND
    assert "enrol the face again" in message


@pytest.mark.parametrize(
    ("probe", "changed"),
    [
        (template(1), {"template": template(1).tobytes()[:-4]}),
        (template(1), {"dimension": 512}),
        (template(1), {"model_id": "unknown"}),
        (2 * template(1), {}),
        (np.zeros_like(template(1)), {}),
        (template(1) * np.float32("nan"), {}),
        (template(1) * np.float32("inf"), {}),
    ],
    ids=["too short", "another size", "unknown model", "too long a vector", "zero", "nan", "infinite"],
)
async def test_what_is_no_template_of_the_model_is_malformed(
    platform: Platform, probe: Template, changed: dict[str, Any]
) -> None:
    await platform.ask(enrolment("u1"), template(1))

    asked = await platform.ask(Identify(gallery_id=MAIN, image=NO_IMAGE), probe, **changed)
    enrolled = await platform.ask(enrolment("u2"), probe, **changed)

    assert refusal(asked)[0] is Code.MALFORMED
    assert refusal(enrolled)[0] is Code.MALFORMED
    assert await platform.store.faces.list(GALLERY) == [("u1", "name of u1")]


async def test_a_job_without_an_embedding_is_malformed(platform: Platform) -> None:
    assert refusal(await platform.ask(Identify(gallery_id=MAIN, image=NO_IMAGE)))[0] is Code.MALFORMED


async def test_a_user_is_enrolled_once_unless_forced(platform: Platform) -> None:
    await platform.ask(enrolment("u1"), template(1))

    again = await platform.ask(enrolment("u1"), template(2))
    forced = (await platform.ask(enrolment("u1", force=True), template(2))).result(Enrolled)

    assert refusal(again) == (Code.MALFORMED, "Database Error - UserID Already Exists")
    assert forced.replaced
    found = (await platform.ask(Identify(gallery_id=MAIN, image=NO_IMAGE), template(2))).result(Identified)
    assert found.similarity == 1.0


async def test_faces_are_listed_in_order_of_enrolment_and_deleted(platform: Platform) -> None:
    assert (await platform.ask(ListFaces(gallery_id=MAIN))).result(FacesListed).faces == ()
    for n in (3, 1, 2):
        await platform.ask(enrolment(f"u{n}"), template(n))
    await platform.ask(Identify(gallery_id=MAIN, image=NO_IMAGE), template(1))

    deleted = await platform.ask(DeleteFace(gallery_id=MAIN, user_id="u1"))
    again = await platform.ask(DeleteFace(gallery_id=MAIN, user_id="u1"))

    listed = (await platform.ask(ListFaces(gallery_id=MAIN))).result(FacesListed)
    found = (await platform.ask(Identify(gallery_id=MAIN, image=NO_IMAGE), template(1))).result(Identified)
    assert deleted.error is None
    assert refusal(again)[0] is Code.USER_NOT_FOUND
    assert [(each.user_id, each.user_name) for each in listed.faces] == [("u3", "name of u3"), ("u2", "name of u2")]
    assert found.best is None


async def test_galleries_are_created_once_listed_and_deleted_with_their_faces(platform: Platform) -> None:
    created = (await platform.ask(CreateGallery(gallery_id="second"))).result(GalleryCreated)
    await platform.ask(enrolment("u1", gallery_id="second"), template(1))
    await platform.ask(Identify(gallery_id="second", image=NO_IMAGE), template(1))

    again = await platform.ask(CreateGallery(gallery_id="second"))
    listed = (await platform.ask(ListGalleries())).result(GalleriesListed)
    await platform.ask(DeleteGallery(gallery_id="second"))
    gone = await platform.ask(Identify(gallery_id="second", image=NO_IMAGE), template(1))
    await platform.ask(CreateGallery(gallery_id="second"))
    fresh = await platform.ask(Identify(gallery_id="second", image=NO_IMAGE), template(1))

    assert created.gallery_id == "second"
    assert refusal(again)[0] is Code.GALLERY_EXISTS
    assert listed.gallery_ids == (MAIN, "second")
    assert refusal(gone)[0] is Code.GALLERY_NOT_FOUND
    assert fresh.result(Identified).best is None


async def test_only_new_faces_take_from_the_quota_and_deleted_ones_come_back(platform: Platform) -> None:
    await platform.store.clients.add(client("small", faces=2))
    await platform.store.galleries.create(GalleryKey("small", MAIN), "a job")

    async def ask(payload: Payload, probe: Template | None = None) -> Reply:
        return await platform.ask(payload, probe, client_id="small")

    await ask(enrolment("u1"), template(1))
    await ask(enrolment("u1"), template(1))  # refused: exists
    await ask(enrolment("u9", gallery_id="none"), template(1))  # refused: no such gallery
    await ask(enrolment("u2"), template(2))
    too_many = await ask(enrolment("u3"), template(3))
    replaced = await ask(enrolment("u2", force=True), template(4))
    assert await platform.left(Quota.FACES, "small") == 0

    await ask(DeleteFace(gallery_id=MAIN, user_id="u1"))
    fits = await ask(enrolment("u3"), template(3))

    assert refusal(too_many)[0] is Code.DENIED
    assert replaced.result(Enrolled).replaced
    assert fits.error is None
    assert await platform.left(Quota.FACES, "small") == 0


async def test_a_replayed_enrolment_changes_nothing(platform: Platform) -> None:
    await platform.store.clients.add(client("small", faces=5))
    await platform.store.galleries.create(GalleryKey("small", MAIN), "a job")

    replies = [await platform.ask(enrolment("u1"), template(1), client_id="small", job_id="the same job") for _ in range(3)]

    assert [reply.result(Enrolled).replaced for reply in replies] == [False] * 3
    assert await platform.left(Quota.FACES, "small") == 4


async def test_galleries_take_from_the_quota_once_and_come_back_with_their_faces(platform: Platform) -> None:
    await platform.store.clients.add(client("small", faces=3, galleries=1))

    async def ask(payload: Payload, probe: Template | None = None, job_id: str | None = None) -> Reply:
        return await platform.ask(payload, probe, client_id="small", job_id=job_id)

    created = [await ask(CreateGallery(gallery_id="one"), job_id="creates") for _ in range(2)]
    exists = await ask(CreateGallery(gallery_id="one"))
    too_many = await ask(CreateGallery(gallery_id="two"))
    await ask(enrolment("u1", gallery_id="one"), template(1))
    await ask(enrolment("u2", gallery_id="one"), template(2))
    assert [await platform.left(Quota.FACES, "small"), await platform.left(Quota.GALLERIES, "small")] == [1, 0]

    deleted = [await ask(DeleteGallery(gallery_id="one"), job_id="deletes") for _ in range(2)]

    assert [reply.error for reply in created + deleted] == [None] * 4
    assert refusal(exists)[0] is Code.GALLERY_EXISTS
    assert refusal(too_many)[0] is Code.DENIED
    assert [await platform.left(Quota.FACES, "small"), await platform.left(Quota.GALLERIES, "small")] == [3, 1]


async def test_a_replayed_deletion_gives_one_face_back(platform: Platform) -> None:
    await platform.store.clients.add(client("small", faces=5))
    await platform.store.galleries.create(GalleryKey("small", MAIN), "a job")
    for n in (1, 2):
        await platform.ask(enrolment(f"u{n}"), template(n), client_id="small")

    for _ in range(2):
        reply = await platform.ask(DeleteFace(gallery_id=MAIN, user_id="u1"), client_id="small", job_id="deletes")
        assert reply.error is None

    assert await platform.left(Quota.FACES, "small") == 4


async def test_a_client_that_is_not_registered_is_denied(platform: Platform) -> None:
    reply = await platform.ask(CreateGallery(gallery_id="one"), client_id="nobody")

    assert refusal(reply)[0] is Code.DENIED


async def test_racing_enrolments_of_one_user_enrol_one(platform: Platform) -> None:
    await platform.store.clients.add(client("small", faces=5))
    await platform.store.galleries.create(GalleryKey("small", MAIN), "a job")

    replies = await asyncio.gather(*(platform.ask(enrolment("u1"), template(n), client_id="small") for n in range(10)))

    assert sorted(reply.error is None for reply in replies) == [False] * 9 + [True]
    assert await platform.left(Quota.FACES, "small") == 4


async def test_many_jobs_at_once_are_each_answered_with_their_own(platform: Platform) -> None:
    for n in range(30):
        await platform.ask(enrolment(f"u{n}"), template(n))

    replies = await asyncio.gather(
        *(platform.ask(Identify(gallery_id=MAIN, image=NO_IMAGE), template(n)) for n in range(30)),
        *(platform.ask(Verify(gallery_id=MAIN, user_id=f"u{n}", image=NO_IMAGE), template(n)) for n in range(30)),
        platform.ask(Identify(gallery_id=MAIN, image=NO_IMAGE), template(1), dimension=3),
    )

    identified = [reply.result(Identified).best for reply in replies[:30]]
    assert [best.user_id if best else None for best in identified] == [f"u{n}" for n in range(30)]
    assert all(reply.result(Verified).verified for reply in replies[30:60])
    with pytest.raises(WajahError):
        replies[60].result(Identified)
