"""Pictures as phones and careless software make them, through the real embedder: each has its documented status."""

import base64
import io
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import insightface
import numpy as np
import pytest
import pytest_asyncio
import skimage
from PIL import Image
from wajah.settings import Settings

from tests.integration.ingress_server import Platform, platform

pytestmark = pytest.mark.asyncio(loop_scope="module")  # one platform: the model is loaded once, and nothing is changed

GALLERY = {"facegallery_id": "office"}
ASTRONAUT = Image.open(Path(skimage.__file__).parent / "data" / "astronaut.png").convert("RGB")
GROUP = Image.open(Path(insightface.__file__).parent / "data" / "images" / "t1.jpg").convert("RGB")


def saved(picture: Image.Image, kind: str = "JPEG", **how: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **how)
    return buffer.getvalue()


def turned_by_exif() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be seen, turn by 90 degrees clockwise
    return saved(ASTRONAUT.transpose(Image.Transpose.ROTATE_90), exif=exif)


def sixteen_bits() -> bytes:
    grey = np.asarray(ASTRONAUT.convert("L"), dtype=np.uint16) * 257
    return saved(Image.fromarray(grey), "PNG")


def twelve_megapixels() -> bytes:
    canvas = Image.new("RGB", (4000, 3000), "gray")
    canvas.paste(ASTRONAUT.resize((2400, 2400)), (800, 300))
    return saved(canvas, quality=90)


def noisy() -> bytes:
    """Six megabytes of base64: the picture under noise that no compression takes away."""
    picture = ASTRONAUT.resize((1500, 1500))
    noise = np.random.default_rng(1).integers(-25, 26, (1500, 1500, 3))
    return saved(Image.fromarray((np.asarray(picture, dtype=int) + noise).clip(0, 255).astype(np.uint8)), "PNG")


def two_faces() -> bytes:
    """Somebody small beside the astronaut."""
    canvas = Image.new("RGB", (900, 512), "gray")
    canvas.paste(ASTRONAUT, (0, 0))
    canvas.paste(GROUP.resize((380, 264)), (515, 100))
    return saved(canvas)


RECOGNISED: list[Callable[[], bytes]] = [
    turned_by_exif,
    twelve_megapixels,
    sixteen_bits,
    noisy,
    two_faces,
    lambda: saved(ASTRONAUT, progressive=True),
    lambda: saved(ASTRONAUT.convert("CMYK")),
    lambda: saved(ASTRONAUT.convert("P", palette=Image.Palette.ADAPTIVE), "PNG"),
    lambda: saved(ASTRONAUT.convert("RGBA"), "PNG"),
    lambda: saved(ASTRONAUT.transpose(Image.Transpose.FLIP_LEFT_RIGHT), quality=60),
]
REFUSED: list[tuple[str, Callable[[], bytes]]] = [
    ("412", lambda: saved(Image.new("RGB", (640, 480), "white"))),
    ("413", lambda: saved(ASTRONAUT.resize((110, 110)).crop((20, 0, 110, 90)))),
    ("491", lambda: b"This is text, renamed to face.jpg"),
    ("491", lambda: saved(ASTRONAUT, "WEBP")),
    ("493", lambda: saved(Image.new("1", (13100, 13000)), "PNG")),
    ("493", lambda: saved(ASTRONAUT)[:200]),
    ("493", lambda: b"\xff\xd8\xff" + b"not a picture" * 100),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Platform]:
    async with platform(tmp_path_factory.mktemp("pictures"), data=Settings().data) as started:
        await started.call("POST", "/face-api/facegallery/create-facegallery", GALLERY)
        enrolled = await ask(started, "enroll-face", saved(ASTRONAUT), user_id="eileen", user_name="Eileen")
        assert enrolled["status"] == "200", enrolled
        yield started


async def ask(running: Platform, name: str, image: bytes, **more: str) -> dict[str, Any]:
    body = GALLERY | {"image": base64.b64encode(image).decode()} | more
    answer = await running.call("POST", f"/face-api/facegallery/{name}", body)
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()
    return told


@pytest.mark.parametrize("picture", RECOGNISED)
async def test_a_known_face_is_recognised_however_its_picture_is_written_down(
    running: Platform, picture: Callable[[], bytes]
) -> None:
    told = await ask(running, "identify-face", picture())

    assert told["status"] == "200", told
    assert told["return"][0]["user_id"] == "eileen"


@pytest.mark.parametrize(("code", "picture"), REFUSED)
async def test_a_picture_without_use_has_its_documented_status(
    running: Platform, code: str, picture: Callable[[], bytes]
) -> None:
    assert (await ask(running, "identify-face", picture()))["status"] == code


async def test_the_identical_picture_has_similarity_1(running: Platform) -> None:
    verified = await ask(running, "verify-face", saved(ASTRONAUT), user_id="eileen")
    compared = await running.call(
        "POST",
        "/face-api/compare-images",
        dict.fromkeys(("source_image", "target_image"), base64.b64encode(saved(ASTRONAUT)).decode()),
    )

    assert (verified["similarity"], verified["verified"], verified["masker"]) == (1, True, False)
    assert (compared.json()["similarity"], compared.json()["verified"]) == (1, True)


async def test_somebody_else_is_unregistered(running: Platform) -> None:
    told = await ask(running, "identify-face", saved(GROUP))

    assert told["status"] == "411"
    assert told["return"][0]["user_id"] == "unregistered"
