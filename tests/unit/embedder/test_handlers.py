"""What each job asks of the embedder, and what it leaves in the message."""

import time
from collections.abc import AsyncIterator

import cv2
import numpy as np
import pytest
from embedder.engine import Engine
from embedder.handlers import Handlers, SizeGate
from embedder.insightface_pack import InsightFacePack
from embedder.pipeline import Image
from wajah.contracts.envelope import Envelope, Job
from wajah.contracts.errors import Code, WajahError
from wajah.contracts.jobs import Compare, Enrol, EnrolKtp, Identify, ListGalleries, Payload, Verify
from wajah.contracts.results import Compared, Embedded
from wajah.contracts.stages import Stage

from tests.unit.embedder.synthetic_pack import DIMENSION, picture

FACE_PX = 80.0  # of every synthetic picture


def png(image: Image) -> bytes:
    return bytes(cv2.imencode(".png", image)[1])


PERSON, PERSON_AGAIN, STRANGER = png(picture(1)), png(picture(1, noise=8)), png(picture(2))
FACELESS = png(np.full((64, 64, 3), 127, np.uint8))
TRUNCATED = PERSON[: len(PERSON) // 2]


def job_of(payload: Payload) -> Job[Payload]:
    return Job.open(Envelope.of(payload, client_id="acme", deadline=time.time() + 30))


@pytest.fixture
async def engine(synthetic: InsightFacePack) -> AsyncIterator[Engine]:
    engine = Engine(synthetic, workers=2)
    yield engine
    await engine.close()


@pytest.fixture
def handlers(engine: Engine) -> Handlers:
    return Handlers(engine, SizeGate(enrolment_px=60, probe_px=32, card_px=40))


def strict(engine: Engine) -> Handlers:
    """Refuses the synthetic faces' size at enrolment."""
    return Handlers(engine, SizeGate(enrolment_px=FACE_PX + 10, probe_px=32, card_px=40))


async def code_of(handlers: Handlers, payload: Payload) -> Code:
    with pytest.raises(WajahError) as caught:
        await handlers.table()[Stage.COMPARE if isinstance(payload, Compare) else Stage.EMBED](job_of(payload))
    return caught.value.code


async def test_embed_leaves_a_template_that_fits_its_model(handlers: Handlers, engine: Engine) -> None:
    result = await handlers.embed(job_of(Identify(gallery_id="g", image=PERSON)))

    assert isinstance(result, Embedded)
    template = np.frombuffer(result.template, "<f4")
    assert template.shape == (result.dimension,) == (DIMENSION,)
    assert np.linalg.norm(template) == pytest.approx(1.0, abs=1e-5)
    assert result.model_id == engine.model.model_id
    assert result.faces == 1
    assert result.box.bottom - result.box.top == pytest.approx(FACE_PX, abs=1)


@pytest.mark.parametrize(
    ("image", "code"),
    [(FACELESS, Code.FACE_NOT_DETECTED), (TRUNCATED, Code.IMAGE_ERROR), (b"text", Code.IMAGE_TYPE_UNKNOWN)],
    ids=["no face", "truncated", "text"],
)
async def test_embed_tells_what_is_wrong_with_an_image(handlers: Handlers, image: bytes, code: Code) -> None:
    assert await code_of(handlers, Verify(gallery_id="g", user_id="u", image=image)) == code


async def test_a_small_face_is_enrolled_only_by_force(engine: Engine) -> None:
    handlers = strict(engine)
    enrolment = Enrol(gallery_id="g", user_id="u", user_name="U", image=PERSON)

    assert await code_of(handlers, enrolment) == Code.FACE_TOO_SMALL

    forced = await handlers.embed(job_of(enrolment.model_copy(update={"force": True})))
    assert forced.faces == 1


async def test_a_small_face_may_still_be_asked_about(engine: Engine) -> None:
    result = await strict(engine).embed(job_of(Identify(gallery_id="g", image=PERSON)))

    assert result.faces == 1


async def test_a_tiny_face_is_refused_as_a_probe(engine: Engine) -> None:
    handlers = Handlers(engine, SizeGate(enrolment_px=60, probe_px=FACE_PX + 10, card_px=40))

    assert await code_of(handlers, Identify(gallery_id="g", image=PERSON)) == Code.FACE_TOO_SMALL


async def test_embed_refuses_a_job_without_an_image(handlers: Handlers) -> None:
    assert await code_of(handlers, ListGalleries()) == Code.MALFORMED


async def test_the_identical_image_is_similar_by_exactly_1(handlers: Handlers) -> None:
    result = await handlers.compare(job_of(Compare(source_image=PERSON, target_image=PERSON)))

    assert isinstance(result, Compared)
    assert result.similarity == 1.0
    assert result.verified


async def test_embed_tells_the_quality_of_the_face(handlers: Handlers) -> None:
    result = await handlers.embed(job_of(Identify(gallery_id="g", image=PERSON)))

    assert result.quality is not None
    assert result.quality.face_px == pytest.approx(FACE_PX, abs=1)
    assert 0 < result.quality.blur < 1


async def test_a_picture_without_a_second_face_is_no_person_with_a_card(handlers: Handlers) -> None:
    plain = np.full((320, 320, 3), 127, np.uint8)
    plain[148:172, 148:172] = (0, 255, 0)  # the synthetic packs' face
    enrolment = EnrolKtp(gallery_id="g", user_id="u", user_name="U", image=png(plain))

    with pytest.raises(WajahError, match="the card's is missing") as caught:
        await handlers.embed_ktp(job_of(enrolment))

    assert caught.value.code is Code.FACE_NOT_DETECTED


async def test_embed_ktp_refuses_a_job_of_another_kind(handlers: Handlers) -> None:
    with pytest.raises(WajahError) as caught:
        await handlers.embed_ktp(job_of(Identify(gallery_id="g", image=PERSON)))

    assert caught.value.code is Code.MALFORMED


@pytest.fixture(params=[1, 8], ids=["image by image", "in batches"])
async def pair(request: pytest.FixtureRequest, synthetic: InsightFacePack) -> AsyncIterator[Handlers]:
    engine = Engine(synthetic, workers=2, max_batch=request.param)
    yield Handlers(engine, SizeGate(enrolment_px=60, probe_px=32, card_px=40))
    await engine.close()


def beside(person: Image, other: Image) -> bytes:
    """A large picture with a smaller one at its right."""
    sheet = np.zeros((640, 960, 3), np.uint8)
    sheet[:, :640] = cv2.resize(person, (640, 640), interpolation=cv2.INTER_NEAREST)
    sheet[300:620, 640:960] = other
    return png(sheet)


async def test_a_refused_pair_leaves_no_template(pair: Handlers) -> None:
    image = beside(picture(1), picture(2))

    alike = await pair.embed_ktp(job_of(EnrolKtp(gallery_id="g", user_id="u", user_name="U", image=image, threshold=0.0)))
    strict = await pair.embed_ktp(job_of(EnrolKtp(gallery_id="g", user_id="u", user_name="U", image=image, threshold=1.0)))

    assert (alike.verified, len(alike.template)) == (True, 4 * DIMENSION)
    assert (strict.verified, strict.template) == (False, b"")
    assert alike.similarity == strict.similarity < 1.0
    assert alike.faces == 2


async def test_the_same_person_is_more_similar_than_another(handlers: Handlers) -> None:
    same = await handlers.compare(job_of(Compare(source_image=PERSON, target_image=PERSON_AGAIN)))
    other = await handlers.compare(job_of(Compare(source_image=PERSON, target_image=STRANGER)))

    assert 1.0 > same.similarity > other.similarity


async def test_the_threshold_of_the_job_decides(handlers: Handlers) -> None:
    def compare(threshold: float) -> Compare:
        return Compare(source_image=PERSON, target_image=PERSON_AGAIN, threshold=threshold)

    found = (await handlers.compare(job_of(compare(0.0)))).similarity

    assert (await handlers.compare(job_of(compare(found)))).verified
    assert not (await handlers.compare(job_of(compare(min(1.0, found + 1e-6))))).verified


@pytest.mark.parametrize(
    ("source", "target", "code"),
    [
        (b"text", b"text", Code.SOURCE_IMAGE_TYPE_UNKNOWN),
        (TRUNCATED, b"text", Code.IMAGE_ERROR),
        (PERSON, b"text", Code.IMAGE_ERROR),
        (FACELESS, TRUNCATED, Code.IMAGE_ERROR),
        (FACELESS, PERSON, Code.FACE_NOT_DETECTED),
        (PERSON, FACELESS, Code.FACE_NOT_DETECTED),
    ],
    ids=["both text", "truncated and text", "target text", "image before face", "source faceless", "target faceless"],
)
async def test_of_several_faults_the_first_in_the_documents_order_is_told(
    handlers: Handlers, source: bytes, target: bytes, code: Code
) -> None:
    assert await code_of(handlers, Compare(source_image=source, target_image=target)) == code


async def test_of_several_faces_the_largest_is_enrolled_unless_there_must_be_one(handlers: Handlers) -> None:
    several = png(np.hstack([picture(1), picture(2)]))
    enrolment = Enrol(gallery_id="g", user_id="u", user_name="U", image=several)

    found = await handlers.embed(job_of(enrolment))

    assert found.faces == 2
    assert await code_of(handlers, enrolment.model_copy(update={"single_face": True})) == Code.SEVERAL_FACES


async def test_an_enrolment_that_must_have_one_face_takes_one(handlers: Handlers) -> None:
    enrolment = Enrol(gallery_id="g", user_id="u", user_name="U", image=PERSON, single_face=True)

    assert (await handlers.embed(job_of(enrolment))).faces == 1


async def test_a_probe_may_show_several_faces(handlers: Handlers) -> None:
    several = png(np.hstack([picture(1), picture(2)]))

    assert (await handlers.embed(job_of(Identify(gallery_id="g", image=several)))).faces == 2
