"""What callers really send: every awkward picture ends as an upright BGR array or as its documented status."""

import io
import struct
import zlib

import numpy as np
import numpy.typing as npt
import pytest
from embedder.decode import ENOUGH_PIXELS_A_SIDE, decode
from PIL import Image, ImageChops
from wajah.contracts.errors import Code, WajahError

WIDTH, HEIGHT = 96, 64
RED, GREEN, BLUE, WHITE = (230, 20, 20), (20, 230, 20), (20, 20, 230), (250, 250, 250)


def quarters() -> Image.Image:
    """Red, green / blue, white: tells every mirroring and rotation from every other."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), RED)
    picture.paste(GREEN, (WIDTH // 2, 0, WIDTH, HEIGHT // 2))
    picture.paste(BLUE, (0, HEIGHT // 2, WIDTH // 2, HEIGHT))
    picture.paste(WHITE, (WIDTH // 2, HEIGHT // 2, WIDTH, HEIGHT))
    return picture


def noise(width: int, height: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(7).integers(0, 256, (height, width, 3), dtype=np.uint8))


def file_of(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def corners(pixels: npt.NDArray[np.uint8]) -> list[tuple[int, int, int]]:
    """RGB in the middle of the four quarters, row by row."""
    height, width = pixels.shape[:2]
    return [
        tuple(int(v) for v in pixels[y, x, ::-1])  # type: ignore[misc]  # three channels
        for y in (height // 4, 3 * height // 4)
        for x in (width // 4, 3 * width // 4)
    ]


def assert_quarters(pixels: npt.NDArray[np.uint8], *, within: int = 12) -> None:
    assert pixels.dtype == np.uint8
    np.testing.assert_allclose(corners(pixels), [RED, GREEN, BLUE, WHITE], atol=within)


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_of(width: int, height: int, *, depth: int = 8, colour: int = 2, extra: bytes = b"", rows: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    "options",
    [{}, {"progressive": True}, {"subsampling": 0}, {"subsampling": 2, "optimize": True}, {"restart_marker_rows": 1}],
)
def test_jpegs_of_every_making_are_read(options: dict[str, object]) -> None:
    assert_quarters(decode(file_of(quarters(), "JPEG", quality=95, **options), field="image").pixels)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_phone_photograph_is_turned_upright(kind: str, orientation: int) -> None:
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = quarters().transpose(undo[orientation]) if orientation > 1 else quarters()
    exif = Image.Exif()
    exif[0x0112] = orientation

    pixels = decode(file_of(stored, kind, exif=exif), field="image").pixels

    assert pixels.shape == (HEIGHT, WIDTH, 3)
    assert pixels.flags.c_contiguous
    assert_quarters(pixels)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_broken_exif_data_do_not_spoil_a_good_picture() -> None:
    data = file_of(quarters(), "JPEG", quality=95, exif=b"Exif\0\0II*\0\xff\xff\xff\xff")

    assert_quarters(decode(data, field="image").pixels)


def test_a_cmyk_jpeg_keeps_its_colours() -> None:
    assert_quarters(decode(file_of(quarters().convert("CMYK"), "JPEG", quality=95), field="image").pixels, within=20)


def test_a_ycck_jpeg_keeps_its_colours() -> None:
    # given the inks as Adobe's programs write them: YCbCr of cyan, magenta and yellow; Pillow inverts what it writes
    inks = quarters().convert("CMYK").split()
    ycc = [ImageChops.invert(plane) for plane in Image.merge("RGB", inks[:3]).convert("YCbCr").split()]
    data = bytearray(file_of(Image.merge("CMYK", (*ycc, inks[3])), "JPEG", quality=95))
    data[data.index(b"Adobe") + 11] = 2  # the transform: YCCK

    # when
    pixels = decode(bytes(data), field="image").pixels

    # then
    assert_quarters(pixels, within=20)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_grey_pictures_get_three_equal_channels(kind: str) -> None:
    pixels = decode(file_of(quarters().convert("L"), kind), field="image").pixels

    assert pixels.shape == (HEIGHT, WIDTH, 3)
    assert np.ptp(pixels.astype(int), axis=2).max() == 0


def test_a_16_bit_grey_png_keeps_its_brightness() -> None:
    ramp = (np.arange(HEIGHT * WIDTH, dtype=np.uint16) * 10).reshape(HEIGHT, WIDTH)

    pixels = decode(file_of(Image.fromarray(ramp), "PNG"), field="image").pixels

    np.testing.assert_array_equal(pixels[..., 0], ramp >> 8)


def test_a_16_bit_colour_png_keeps_its_colours() -> None:
    rows = b"".join(b"\0" + struct.pack(">HHH", 0xE600, 0x1400, 0x3200) * 8 for _ in range(8))

    pixels = decode(png_of(8, 8, depth=16, rows=rows), field="image").pixels

    assert np.unique(pixels.reshape(-1, 3), axis=0).tolist() == [[0x32, 0x14, 0xE6]]


@pytest.mark.parametrize("colours", [256, 16, 4])
def test_a_palette_png_keeps_its_colours(colours: int) -> None:
    assert_quarters(decode(file_of(quarters().quantize(colours), "PNG"), field="image").pixels)


def test_a_black_and_white_png_is_read() -> None:
    pixels = decode(file_of(quarters().convert("1", dither=Image.Dither.NONE), "PNG"), field="image").pixels

    assert set(np.unique(pixels)) == {0, 255}


def test_an_interlaced_png_is_read() -> None:
    # given the seven passes of Adam7 over one row of one colour, 8 × 8
    passes = [(1, 1), (1, 1), (2, 1), (2, 2), (4, 2), (4, 4), (8, 4)]
    rows = b"".join((b"\0" + bytes(RED) * width) * height for width, height in passes)
    data = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 1))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )

    pixels = decode(data, field="image").pixels

    assert np.unique(pixels.reshape(-1, 3), axis=0).tolist() == [list(RED[::-1])]


def test_transparency_is_laid_on_white() -> None:
    # given alpha in steps: opaque left, clear right
    picture = quarters().convert("RGBA")
    alpha = Image.new("L", picture.size, 255)
    alpha.paste(0, (WIDTH // 2, 0, WIDTH, HEIGHT))
    picture.putalpha(alpha)

    # when
    pixels = decode(file_of(picture, "PNG"), field="image").pixels

    # then
    np.testing.assert_allclose(corners(pixels), [RED, (255, 255, 255), BLUE, (255, 255, 255)], atol=2)


def test_a_transparent_palette_colour_becomes_white() -> None:
    picture = quarters().quantize(4)
    red = picture.getpixel((1, 1))

    pixels = decode(file_of(picture, "PNG", transparency=red), field="image").pixels

    np.testing.assert_allclose(corners(pixels), [(255, 255, 255), GREEN, BLUE, WHITE], atol=12)


def test_a_transparent_key_colour_becomes_white() -> None:
    pixels = decode(file_of(quarters(), "PNG", transparency=RED), field="image").pixels

    np.testing.assert_allclose(corners(pixels), [(255, 255, 255), GREEN, BLUE, WHITE], atol=2)


@pytest.mark.parametrize(("kind", "mode"), [("JPEG", "RGB"), ("JPEG", "CMYK"), ("JPEG", "L"), ("PNG", "RGB"), ("PNG", "P")])
def test_a_12_megapixel_picture_is_halved_and_says_so(kind: str, mode: str) -> None:
    picture = quarters().resize((4000, 3000), Image.Resampling.NEAREST).convert(mode)

    decoded = decode(file_of(picture, kind), field="image")

    assert decoded.shrunk == 2
    assert decoded.pixels.shape == (1500, 2000, 3)
    assert max(decoded.pixels.shape) >= ENOUGH_PIXELS_A_SIDE


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_truncated_picture_is_an_error_not_half_a_picture(kind: str, progressive: bool, kept: float) -> None:
    data = file_of(noise(200, 200), kind, progressive=progressive)

    with pytest.raises(WajahError) as caught:
        decode(data[: int(len(data) * kept)], field="image")

    assert caught.value.code is Code.IMAGE_ERROR


@pytest.mark.parametrize("mode", ["CMYK", "L"])
def test_a_truncated_jpeg_of_another_colour_space_is_an_error(mode: str) -> None:
    data = file_of(noise(200, 200).convert(mode), "JPEG")

    with pytest.raises(WajahError) as caught:
        decode(data[: len(data) // 2], field="image")

    assert caught.value.code is Code.IMAGE_ERROR


@pytest.mark.parametrize("field", ["image", "source_image", "target_image"])
def test_a_damaged_png_is_an_error_of_its_field(field: str) -> None:
    data = bytearray(file_of(noise(64, 64), "PNG"))
    data[len(data) // 2] ^= 0xFF

    with pytest.raises(WajahError) as caught:
        decode(bytes(data), field=field)  # type: ignore[arg-type]  # the parameters are the field's values

    assert caught.value.code is Code.IMAGE_ERROR
    assert caught.value.message == f"{field} error: damaged or incomplete"


@pytest.mark.parametrize(
    ("field", "code"),
    [("image", "491"), ("source_image", "495"), ("target_image", "493")],
    ids=["image", "source", "target"],
)
@pytest.mark.parametrize(
    "data",
    [
        b"this is text, renamed .jpg",
        b"",
        b"\xff\xd8",
        b"GIF89a" + bytes(32),
        file_of(quarters(), "BMP"),
        file_of(quarters(), "WEBP"),
        file_of(quarters(), "TIFF"),
        b"%PDF-1.7",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    ],
    ids=["text", "nothing", "two bytes", "gif", "bmp", "webp", "tiff", "pdf", "svg"],
)
def test_another_type_of_file_is_told_by_its_field(data: bytes, field: str, code: str) -> None:
    with pytest.raises(WajahError) as caught:
        decode(data, field=field)  # type: ignore[arg-type]  # the parameters are the field's values

    assert caught.value.code == code
    assert "text, renamed" not in caught.value.message


@pytest.mark.parametrize(
    "data", [b"\xff\xd8\xff", b"\xff\xd8\xff\xe0" + bytes(64), b"\x89PNG\r\n\x1a\n", b"\x89PNG\r\n\x1a\n" + bytes(64)]
)
def test_a_file_that_ends_after_its_first_bytes_is_damaged(data: bytes) -> None:
    with pytest.raises(WajahError) as caught:
        decode(data, field="image")

    assert caught.value.code is Code.IMAGE_ERROR


def test_a_small_png_that_unpacks_to_170_megapixels_is_refused_undecoded(monkeypatch: pytest.MonkeyPatch) -> None:
    # given 170 megapixels of black in some 160 KB
    row = b"\0" + bytes(13_040)
    data = png_of(13_040, 13_040, colour=0, rows=row * 13_040)
    assert len(data) < 200_000

    def explode(*_: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(Image.Image, "convert", explode)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", explode)

    # when
    with pytest.raises(WajahError) as caught:
        decode(data, field="image")

    # then
    assert caught.value.code is Code.IMAGE_ERROR
    assert "megapixels" in caught.value.message


def test_a_jpeg_whose_header_promises_too_much_is_refused() -> None:
    data = bytearray(file_of(quarters(), "JPEG"))
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", 6000, 6000)

    with pytest.raises(WajahError) as caught:
        decode(bytes(data), field="image")

    assert "megapixels" in caught.value.message


@pytest.mark.parametrize("size", [(0, 0), (0, 8), (8, 0)])
def test_a_picture_without_pixels_is_damaged(size: tuple[int, int]) -> None:
    jpeg = bytearray(file_of(quarters(), "JPEG"))
    frame = jpeg.index(b"\xff\xc0")
    jpeg[frame + 5 : frame + 9] = struct.pack(">HH", *size)

    for data in (png_of(*size), bytes(jpeg)):
        with pytest.raises(WajahError) as caught:
            decode(data, field="image")
        assert caught.value.code is Code.IMAGE_ERROR


def test_one_pixel_is_a_picture() -> None:
    assert decode(file_of(Image.new("RGB", (1, 1), RED), "PNG"), field="image").pixels.shape == (1, 1, 3)


@pytest.mark.parametrize(
    "bomb",
    [
        chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(64_000_000), 9)),
        chunk(b"zTXt", b"x\0\0" + zlib.compress(bytes(64_000_000), 9)),
        chunk(b"iTXt", b"x\0\1\0\0\0" + zlib.compress(bytes(64_000_000), 9)),
    ],
    ids=["iCCP", "zTXt", "iTXt"],
)
def test_a_bomb_beside_the_pixels_is_refused(bomb: bytes) -> None:
    rows = b"".join(b"\0" + bytes(RED) * 8 for _ in range(8))

    with pytest.raises(WajahError) as caught:
        decode(png_of(8, 8, extra=bomb, rows=rows), field="image")

    assert caught.value.code is Code.IMAGE_ERROR
