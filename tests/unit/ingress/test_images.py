import base64

import pybase64
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingress.images import IMAGE, SOURCE_IMAGE, TARGET_IMAGE, ImageField, image_bytes
from wajah.contracts.errors import WajahError

JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256))  # holds every byte, so both alphabets differ on it
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(255, -1, -1))
STANDARD = base64.b64encode(JPEG).decode()


@pytest.mark.parametrize(
    "text",
    [
        STANDARD,
        STANDARD.rstrip("="),
        base64.urlsafe_b64encode(JPEG).decode(),
        base64.urlsafe_b64encode(JPEG).decode().rstrip("="),
        base64.encodebytes(JPEG).decode(),
        base64.encodebytes(JPEG).decode().replace("\n", "\r\n"),
        f"  \t{STANDARD} \n",
        f"data:image/jpeg;base64,{STANDARD}",
        f"data:image/png;base64,{STANDARD}",
        f"data:;base64,{STANDARD}",
        f"DATA:image/jpeg;charset=utf-8;BASE64,\n{STANDARD}",
        f"data:image/jpeg;base64,{base64.urlsafe_b64encode(JPEG).decode().rstrip('=')}",
    ],
    ids=[
        "standard",
        "no padding",
        "URL-safe",
        "URL-safe, no padding",
        "line breaks",
        "CRLF",
        "surrounding space",
        "data URI",
        "data URI of another type",
        "data URI without a type",
        "data URI in capitals, with a parameter",
        "data URI, URL-safe, no padding",
    ],
)
def test_base64_is_understood_however_it_is_written_down(text: str) -> None:
    assert image_bytes(text, IMAGE) == JPEG


def test_a_png_is_taken() -> None:
    assert image_bytes(base64.b64encode(PNG).decode(), IMAGE) == PNG


@pytest.mark.parametrize(
    "text",
    [
        "!!!",
        STANDARD[:-3] + "é==",
        STANDARD[:20] + "=" + STANDARD[20:],
        STANDARD[:20] + "*" + STANDARD[21:],
        STANDARD + "A",
        "====",
        "   ",
        "data:image/jpeg;base64,",
        f"data:image/jpeg,{STANDARD}",
        f"data:image/jpeg;base64{STANDARD}",
        "data:" + "a" * 300 + f";base64,{STANDARD}",
        "https://example.org/face.jpg",
    ],
)
@pytest.mark.parametrize(("field", "code"), [(IMAGE, "490"), (TARGET_IMAGE, "492"), (SOURCE_IMAGE, "494")])
def test_what_is_not_base64_has_its_fields_own_code(text: str, field: ImageField, code: str) -> None:
    with pytest.raises(WajahError) as refusal:
        image_bytes(text, field)

    assert refusal.value.code == code


@pytest.mark.parametrize(
    "content", [b"GIF89a....", b"RIFF....WEBP", b"BM......", b"%PDF-1.7", b"hello", b"\xff\xd8", b"\x89PNG\n"]
)
@pytest.mark.parametrize(("field", "code"), [(IMAGE, "491"), (TARGET_IMAGE, "493"), (SOURCE_IMAGE, "495")])
def test_what_is_neither_jpeg_nor_png_has_its_fields_own_code(content: bytes, field: ImageField, code: str) -> None:
    with pytest.raises(WajahError) as refusal:
        image_bytes(base64.b64encode(content).decode(), field)

    assert refusal.value.code == code


@given(content=st.binary(max_size=200), width=st.integers(1, 80), padded=st.booleans(), url_safe=st.booleans())
def test_every_spelling_of_any_bytes_reads_the_same(content: bytes, width: int, padded: bool, url_safe: bool) -> None:
    image = JPEG + content
    text = (pybase64.urlsafe_b64encode if url_safe else pybase64.b64encode)(image).decode()
    text = text if padded else text.rstrip("=")

    spelt = "\n".join(text[at : at + width] for at in range(0, len(text), width))

    assert image_bytes(spelt, IMAGE) == image


@given(text=st.text(max_size=300).filter(lambda text: not text.lstrip().startswith(("/9j/", "iVBOR", "data:"))))
def test_any_other_text_has_a_documented_refusal(text: str) -> None:
    with pytest.raises(WajahError) as refusal:
        image_bytes(text, IMAGE)

    assert refusal.value.code in {"490", "491"}
