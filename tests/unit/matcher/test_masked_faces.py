"""Enrolled faces and probes that wear masks: each pair is judged by its own curve, and ranked by what it says."""

import time
import uuid
from collections.abc import AsyncIterator

import pytest
from matcher.service import MatcherService
from matcher.settings import MatcherSettings
from wajah.contracts.envelope import Envelope, Reply
from wajah.contracts.errors import Code
from wajah.contracts.framing import encode
from wajah.contracts.jobs import EnrolKtp, Identify, Search, Verify
from wajah.contracts.models import Calibration, FaceModel, MaskCurves
from wajah.contracts.quality import Quality
from wajah.contracts.results import EmbeddedPair, Enrolled, Identified, Searched, Verified
from wajah.contracts.stages import Stage
from wajah.messaging.bus import Message
from wajah.messaging.inprocess import InProcessBus
from wajah.messaging.service import Resource, running
from wajah.messaging.topology import Topology
from wajah.storage.ports import Quota, Store

from tests.unit.matcher.asking import MAIN, NO_IMAGE, Platform, embedding, enrolment, refusal
from tests.unit.matcher.faces import DIMENSION, GALLERY, at_cosine, template


def curve(threshold: float) -> Calibration:
    return Calibration(cosines=(0.0, threshold, 1.0), similarities=(0.0, 0.75, 1.0))


MASKY = FaceModel(
    model_id="knows masks",
    dimension=DIMENSION,
    calibration=curve(0.5),
    mask_curves=MaskCurves(one=curve(0.4), both=curve(0.8)),
    licence="none",
)
QUALITY = Quality(face_px=120, yaw_deg=-4.5, pitch_deg=3, roll_deg=0, blur=0.4, too_dark=0, too_bright=0.01)


@pytest.fixture
async def platform(store: Store) -> AsyncIterator[Platform]:
    topology = Topology(2)
    bus = InProcessBus(topology)
    matcher = MatcherService(MatcherSettings(search_threads=1), bus, store, topology)
    await store.models.register(MASKY)

    async def ready() -> bool:
        return bus.ready

    async with running([Resource("bus", bus.start, ready, bus.stop), matcher], grace_s=5.0):
        yield Platform(bus, topology, store)


async def enrol(platform: Platform, user_id: str, cosine: float, *, masked: bool) -> None:
    reply = await platform.ask(
        enrolment(user_id), at_cosine(template(1), cosine), model_id=MASKY.model_id, masked=masked, quality=QUALITY
    )
    assert reply.result(Enrolled).enrolled


@pytest.mark.parametrize("warm", [False, True], ids=["cold", "warm"])
@pytest.mark.parametrize(
    ("enrolled", "probe", "expected"),
    [(False, False, 0.85), (True, False, 0.875), (False, True, 0.875), (True, True, 0.65625)],
)
async def test_the_masks_of_both_faces_decide_the_similarity(
    platform: Platform, warm: bool, enrolled: bool, probe: bool, expected: float
) -> None:
    await enrol(platform, "u1", 0.7, masked=enrolled)
    asked = {"model_id": MASKY.model_id, "masked": probe}
    identify = Identify(gallery_id=MAIN, image=NO_IMAGE)
    if warm:
        await platform.ask(identify, template(1), **asked)

    verified = (await platform.ask(Verify(gallery_id=MAIN, user_id="u1", image=NO_IMAGE), template(1), **asked)).result(
        Verified
    )
    identified = (await platform.ask(identify, template(1), **asked)).result(Identified)

    assert verified.similarity == pytest.approx(expected, abs=1e-4)
    assert identified.similarity == pytest.approx(expected, abs=1e-4)
    assert verified.verified == (identified.best is not None) == (expected >= 0.75)


async def test_faces_are_ranked_by_similarity_not_by_cosine(platform: Platform) -> None:
    for n in range(5):
        await enrol(platform, f"masked {n}", 0.75 - 0.01 * n, masked=True)
    await enrol(platform, "bare", 0.6, masked=False)
    asked = {"model_id": MASKY.model_id, "masked": True}

    best = (await platform.ask(Identify(gallery_id=MAIN, image=NO_IMAGE), template(1), **asked)).result(Identified).best
    search = Search(gallery_id=MAIN, image=NO_IMAGE, limit=3, threshold=0.0)
    found = (await platform.ask(search, template(1), **asked)).result(Searched).candidates

    assert best is not None
    assert best.user_id == "bare"
    assert [each.user_id for each in found] == ["bare", "masked 0", "masked 1"]


async def test_the_identical_image_is_similar_by_1_with_a_mask_too(platform: Platform) -> None:
    await enrol(platform, "u1", 1.0, masked=True)

    asked = {"model_id": MASKY.model_id, "masked": True}
    found = (await platform.ask(Identify(gallery_id=MAIN, image=NO_IMAGE), template(1), **asked)).result(Identified)

    assert found.similarity == 1.0


async def test_a_face_replaced_without_its_mask_is_judged_bare(platform: Platform) -> None:
    await enrol(platform, "u1", 0.7, masked=True)
    identify, bare = Identify(gallery_id=MAIN, image=NO_IMAGE), {"model_id": MASKY.model_id}
    before = (await platform.ask(identify, template(1), **bare)).result(Identified).similarity

    await platform.ask(enrolment("u1", force=True), at_cosine(template(1), 0.7), **bare)
    after = (await platform.ask(identify, template(1), **bare)).result(Identified).similarity

    assert (before, after) == (pytest.approx(0.875, abs=1e-4), pytest.approx(0.85, abs=1e-4))


async def test_mask_and_quality_are_kept_with_the_face(platform: Platform) -> None:
    await enrol(platform, "u1", 0.7, masked=True)

    face = await platform.store.faces.get(GALLERY, "u1")

    assert face is not None
    assert (face.masked, face.quality) == (True, QUALITY)


async def ask_ktp(platform: Platform, *, verified: bool, user_id: str = "u1", gallery_id: str = MAIN) -> Reply:
    """The second half of an enrolment with an identity card."""
    payload = EnrolKtp(gallery_id=gallery_id, user_id=user_id, user_name="A Name", image=NO_IMAGE)
    person = embedding(template(1), model_id=MASKY.model_id)
    pair = EmbeddedPair(
        **{**dict(person), "template": person.template if verified else b""}, similarity=0.9, verified=verified
    )
    envelope = Envelope(
        job=payload.job,
        job_id=uuid.uuid4().hex,
        client_id=GALLERY.client_id,
        deadline=time.time() + 5,
        slip=Envelope.of(payload, client_id="c", deadline=0.0).slip[-1:],
        payload=dict(payload),
        results={Stage.EMBED_KTP: dict(pair)},
    )
    return await platform.bus.request(platform.topology.queue_of(envelope), Message(encode(envelope), envelope.deadline))


async def test_a_person_who_is_the_one_on_the_card_is_enrolled(platform: Platform) -> None:
    assert (await ask_ktp(platform, verified=True)).result(Enrolled).enrolled
    assert await platform.store.faces.list(GALLERY) == [("u1", "A Name")]


async def test_a_person_who_is_not_leaves_nothing_behind(platform: Platform) -> None:
    before = await platform.left(Quota.FACES)

    reply = await ask_ktp(platform, verified=False)

    assert not reply.result(Enrolled).enrolled
    assert await platform.store.faces.list(GALLERY) == []
    assert await platform.left(Quota.FACES) == before


async def test_an_unknown_gallery_and_a_known_user_go_before_a_refused_person(platform: Platform) -> None:
    await ask_ktp(platform, verified=True)

    assert refusal(await ask_ktp(platform, verified=False, gallery_id="none"))[0] is Code.GALLERY_NOT_FOUND
    assert refusal(await ask_ktp(platform, verified=False))[0] is Code.MALFORMED
    assert (await ask_ktp(platform, verified=False, user_id="u2")).error is None
