"""One image through the engine: its template, or its documented fault, at the price of nobody else."""

import asyncio
import io
import time
from collections.abc import AsyncIterator, Iterator, Sequence

import cv2
import numpy as np
import pytest
from embedder.engine import Engine
from embedder.insightface_pack import InsightFacePack
from embedder.manifest import Manifest
from embedder.pipeline import Crop, DetectedFace, Image, Layout, Pack, Portrait, Templates
from PIL import Image as Pillow
from wajah.contracts.errors import Code, DeadlineExceeded, WajahError

from tests.unit.embedder.synthetic_pack import picture

MIN_FACE_PX = 32.0


def png(image: Image) -> bytes:
    return bytes(cv2.imencode(".png", image)[1])


def soon() -> float:
    return time.time() + 30


class Watched:
    """A pack that remembers in which batches its faces were recognised; one named `slow` takes its time to detect."""

    def __init__(self, pack: Pack, batches: list[int], slow_s: float = 0.0) -> None:
        self._pack = pack
        self._batches = batches
        self._slow_s = slow_s

    @property
    def manifest(self) -> Manifest:
        return self._pack.manifest

    @property
    def layout(self) -> Layout:
        return self._pack.layout

    def detect(self, image: Image) -> list[DetectedFace]:
        time.sleep(self._slow_s)
        return self._pack.detect(image)

    def closer_looks(self, image: Image) -> Iterator[list[DetectedFace]]:
        return self._pack.closer_looks(image)

    def align(self, image: Image, face: DetectedFace) -> Crop:
        return self._pack.align(image, face)

    def portrait(self, image: Image, face: DetectedFace) -> Portrait:
        return self._pack.portrait(image, face)

    def wears_mask(self, portrait: Portrait) -> bool:
        return self._pack.wears_mask(portrait)

    def recognise(self, crops: Sequence[Crop]) -> Templates:
        self._batches.append(len(crops))
        return self._pack.recognise(crops)

    def replica(self) -> "Watched":
        return Watched(self._pack.replica(), self._batches, self._slow_s)


@pytest.fixture(params=[1, 8], ids=["image by image", "in batches"])
async def engine(request: pytest.FixtureRequest, synthetic: InsightFacePack) -> AsyncIterator[Engine]:
    engine = Engine(synthetic, workers=2, max_batch=request.param)
    yield engine
    await engine.close()


async def test_a_face_becomes_a_unit_template_and_its_box(engine: Engine) -> None:
    face = await engine.embed(png(picture(1)), field="image", deadline=soon(), min_face_px=MIN_FACE_PX)

    assert face.template.shape == (engine.model.dimension,)
    assert face.template.dtype == np.float32
    assert np.linalg.norm(face.template) == pytest.approx(1.0, abs=1e-5)
    np.testing.assert_allclose(face.box, (112, 112, 192, 192), atol=1)
    assert face.faces == 1


async def test_the_same_person_is_nearer_than_another(engine: Engine) -> None:
    images = [picture(1), picture(1, noise=8), picture(2)]

    person, again, other = await asyncio.gather(
        *(engine.embed(png(image), field="image", deadline=soon(), min_face_px=MIN_FACE_PX) for image in images)
    )

    assert person.template @ again.template > 0.99 > person.template @ other.template


async def test_a_box_is_in_pixels_of_the_image_as_it_was_sent(engine: Engine) -> None:
    face = await engine.embed(png(picture(1, side=3200, dot=240)), field="image", deadline=soon(), min_face_px=MIN_FACE_PX)

    np.testing.assert_allclose(face.box, (1120, 1120, 1920, 1920), atol=10)


async def test_a_face_below_the_smallest_size_is_refused(engine: Engine) -> None:
    with pytest.raises(WajahError) as caught:
        await engine.embed(png(picture(1)), field="image", deadline=soon(), min_face_px=81)

    assert caught.value.code is Code.FACE_TOO_SMALL


async def test_the_size_of_a_face_is_that_in_the_image_as_it_was_sent(engine: Engine) -> None:
    image = png(picture(1, side=3200, dot=240))

    face = await engine.embed(image, field="image", deadline=soon(), min_face_px=500)

    assert face.box.bottom - face.box.top > 500


async def test_an_image_without_a_face_is_told(engine: Engine) -> None:
    with pytest.raises(WajahError) as caught:
        await engine.embed(png(np.full((64, 64, 3), 127, np.uint8)), field="image", deadline=soon(), min_face_px=0)

    assert caught.value.code is Code.FACE_NOT_DETECTED


async def test_bad_images_cost_their_neighbours_nothing(engine: Engine) -> None:
    good = png(picture(3))
    truncated = good[: len(good) // 2]
    images = [good, truncated, good, b"text", good, png(np.zeros((9, 9, 3), np.uint8)), good]

    outcomes = await asyncio.gather(
        *(engine.embed(image, field="image", deadline=soon(), min_face_px=0) for image in images), return_exceptions=True
    )

    codes = [outcome.code if isinstance(outcome, WajahError) else None for outcome in outcomes]
    assert codes == [None, Code.IMAGE_ERROR, None, Code.IMAGE_TYPE_UNKNOWN, None, Code.FACE_NOT_DETECTED, None]


async def test_nobody_works_past_the_deadline(synthetic: InsightFacePack) -> None:
    batches: list[int] = []
    engine = Engine(Watched(synthetic, batches), workers=1)

    with pytest.raises(DeadlineExceeded):
        await engine.embed(png(picture(1)), field="image", deadline=time.time() - 1, min_face_px=0)

    await engine.close()
    assert batches == []


async def test_a_deadline_that_passes_during_detection_saves_the_recognition(synthetic: InsightFacePack) -> None:
    batches: list[int] = []
    engine = Engine(Watched(synthetic, batches, slow_s=0.3), workers=1)

    with pytest.raises(DeadlineExceeded):
        await engine.embed(png(picture(1)), field="image", deadline=time.time() + 0.2, min_face_px=0)

    await engine.close()
    assert batches == []


async def test_faces_of_several_jobs_share_a_batch_in_order(synthetic: InsightFacePack) -> None:
    batches: list[int] = []
    engine = Engine(Watched(synthetic, batches), workers=2, max_batch=16)
    images = [png(picture(identity)) for identity in range(12)]

    together = await asyncio.gather(
        *(engine.embed(image, field="image", deadline=soon(), min_face_px=0) for image in images)
    )

    await engine.close()
    alone = [
        synthetic.recognise([synthetic.align(image, synthetic.detect(image)[0])])[0] for image in map(picture, range(12))
    ]
    assert max(batches) > 1
    for face, template in zip(together, alone, strict=True):
        assert face.template @ template > 0.99999


async def test_a_suspect_is_recognised_in_a_batch_of_its_own(synthetic: InsightFacePack) -> None:
    batches: list[int] = []
    engine = Engine(Watched(synthetic, batches), workers=2, max_batch=16)

    await asyncio.gather(
        *(
            engine.embed(png(picture(identity)), field="image", deadline=soon(), min_face_px=0, alone=True)
            for identity in range(4)
        )
    )

    await engine.close()
    assert batches == [1, 1, 1, 1]


async def test_closing_waits_for_the_work_under_way(synthetic: InsightFacePack) -> None:
    engine = Engine(Watched(synthetic, [], slow_s=0.1), workers=1)
    embedding = asyncio.create_task(engine.embed(png(picture(1)), field="image", deadline=soon(), min_face_px=0))
    await asyncio.sleep(0.02)

    await engine.close()

    assert (await embedding).faces == 1


async def test_the_astronaut_is_found_by_the_default_pack(default_pack: Pack, astronaut: bytes) -> None:
    engine = Engine(default_pack, workers=1)

    face = await engine.embed(astronaut, field="image", deadline=soon(), min_face_px=60)

    await engine.close()
    assert face.faces == 1
    assert not face.masked
    left, top, right, bottom = face.box
    assert 150 < left < 220 < right < 300
    assert 50 < top < 110 < bottom < 200


async def test_a_photograph_and_its_sideways_twin_give_one_template(default_pack: Pack, astronaut: bytes) -> None:
    # given the same photograph stored as a phone would: turned, and the turn noted in EXIF
    upright = Pillow.open(io.BytesIO(astronaut)).convert("RGB")
    exif = Pillow.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    upright.transpose(Pillow.Transpose.ROTATE_90).save(buffer, "PNG", exif=exif)
    engine = Engine(default_pack, workers=1)

    # when
    first, second = await asyncio.gather(
        *(engine.embed(data, field="image", deadline=soon(), min_face_px=60) for data in (astronaut, buffer.getvalue()))
    )

    # then
    await engine.close()
    assert first.template @ second.template > 0.9999


async def test_a_face_of_20_pixels_is_too_small_and_not_missed(default_pack: Pack, astronaut: bytes) -> None:
    # given the astronaut so far away that brow to chin is some 20 pixels
    picture = Pillow.open(io.BytesIO(astronaut)).convert("RGB").crop((110, 0, 340, 230))
    buffer = io.BytesIO()
    picture.resize((52, 52), Pillow.Resampling.LANCZOS).save(buffer, "PNG")
    engine = Engine(default_pack, workers=1)

    # when
    with pytest.raises(WajahError) as caught:
        await engine.embed(buffer.getvalue(), field="image", deadline=soon(), min_face_px=MIN_FACE_PX)

    # then
    await engine.close()
    assert caught.value.code is Code.FACE_TOO_SMALL
