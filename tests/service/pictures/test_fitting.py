import contextlib
import io
import struct
import zlib

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from service.artifact.manifest import ImageSpec
from service.errors import Invalid, MediaTypeUnsupported, RequestError, TooLarge
from service.pictures import fitting
from service.pictures.fitting import Picture, Polarity, fit_picture
from service.pictures.formats import open_picture
from tests import tiny

SPEC = ImageSpec(height=28, width=28)
LEVELS = tiny.random_levels(1)[0]
VALUES = LEVELS.astype(np.float32) / np.float32(255)


def read(content: bytes, polarity: Polarity = "keep", max_pixels: int = 10**6) -> Picture:
    pointer = "/form/images/0"
    return fit_picture(open_picture(content, max_pixels, pointer), SPEC, polarity, pointer)


def file_of(image: Image.Image, format_name: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_name, **options)
    return buffer.getvalue()


def square(background: int, ink: int, size: int = 56) -> npt.NDArray[np.uint8]:
    """A filled square in the middle of a plain background."""
    levels = np.full((size, size), background, np.uint8)
    levels[size // 4 : -size // 4, size // 4 : -size // 4] = ink
    return levels


def test_picture_of_the_models_own_form_is_taken_exactly() -> None:
    picture = read(tiny.picture_bytes(LEVELS))

    assert (picture.pixels == VALUES).all()
    assert picture.applied == []


@pytest.mark.parametrize("format_name", ["PNG", "BMP", "GIF", "WEBP"])
def test_lossless_formats_agree(format_name: str) -> None:
    image = Image.fromarray(LEVELS)

    picture = read(file_of(image, format_name, lossless=True))

    assert (picture.pixels == VALUES).all()


def test_jpeg_is_read_closely() -> None:
    content = file_of(Image.fromarray(square(0, 255, 28)), "JPEG", quality=95)

    assert np.abs(read(content).pixels - square(0, 255, 28) / 255).max() < 0.1


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA"])
def test_grey_stored_in_colour_is_the_same_picture(mode: str) -> None:
    picture = read(file_of(Image.fromarray(LEVELS).convert(mode)))

    assert (picture.pixels == VALUES).all()


def test_colour_becomes_luma() -> None:
    colour = np.zeros((28, 28, 3), np.uint8)
    colour[..., 1] = 100

    picture = read(tiny.picture_bytes(colour))

    assert picture.pixels == pytest.approx(np.full((28, 28), 0.587 * 100 / 255), abs=0.5 / 255)
    assert picture.applied == ["grey: luma of RGB"]


def test_sixteen_bit_grey_is_scaled_to_1() -> None:
    deep = LEVELS.astype(np.uint16) * 257

    picture = read(tiny.picture_bytes(deep))

    assert picture.pixels == pytest.approx(VALUES, abs=1e-6)
    assert picture.applied == ["depth: 16-bit grey"]


def test_one_bit_picture_is_black_and_white() -> None:
    picture = read(file_of(Image.fromarray(square(0, 255, 28)).convert("1")))

    assert set(picture.pixels.ravel().tolist()) == {0.0, 1.0}


def test_colour_hidden_under_transparency_does_not_show() -> None:
    shown = np.zeros((28, 28, 4), np.uint8)
    shown[5:20, 5:20] = (255, 255, 255, 255)
    hidden = shown.copy()
    hidden[shown[..., 3] == 0, :3] = (200, 30, 90)

    assert (read(tiny.picture_bytes(hidden)).pixels == read(tiny.picture_bytes(shown)).pixels).all()


def test_transparency_shows_the_models_background_when_inverting() -> None:
    ink = np.zeros((28, 28, 2), np.uint8)
    ink[5:20, 5:20, 1] = 255  # black, opaque only here
    content = file_of(
        Image.merge("LA", [Image.fromarray(ink[..., 0]), Image.fromarray(ink[..., 1])])
    )

    pixels = read(content, "invert").pixels

    assert (pixels[0, 0], pixels[14, 14]) == (0, 1)


def strokes(level: int, opacity: int = 255) -> bytes:
    """A stroke on a transparent canvas, as a drawing pad gives it."""
    alpha = Image.fromarray(square(0, opacity, 28))
    return file_of(Image.merge("LA", [Image.new("L", (28, 28), level), alpha]))


@pytest.mark.parametrize("polarity", ["auto", "invert"])
def test_black_strokes_on_a_transparent_canvas_show(polarity: Polarity) -> None:
    assert (read(strokes(0), polarity).pixels * 255 == square(0, 255, 28)).all()


def test_kept_black_strokes_on_a_transparent_canvas_stay_black() -> None:
    assert read(strokes(0), "keep").pixels.max() == 0


@pytest.mark.parametrize("level", [63, 128, 255])
@pytest.mark.parametrize("opacity", [128, 255])
def test_what_shows_on_the_models_background_is_composited_on_it(level: int, opacity: int) -> None:
    shows = level * opacity / 255 >= 255 / 4

    picture = read(strokes(level, opacity), "auto")

    expected = level * opacity / 255**2 if shows else (255 - level) * opacity / 255**2
    assert picture.pixels[14, 14] == pytest.approx(expected, abs=1e-6)
    assert picture.pixels[0, 0] == 0
    assert ("alpha: composited on the model's background" in picture.applied) == shows
    assert ("polarity: inverted" in picture.applied) == (not shows)


def test_thin_white_strokes_on_a_large_transparent_canvas_stay_white() -> None:
    alpha = np.zeros((1120, 1120), np.uint8)
    alpha[:, 560:562] = 255
    image = Image.merge("LA", [Image.new("L", alpha.shape, 255), Image.fromarray(alpha)])

    assert "polarity: inverted" not in read(file_of(image), "auto", 10**7).applied


def test_nothing_on_a_transparent_canvas_is_black() -> None:
    picture = read(strokes(0, 0), "auto")

    assert picture.pixels.max() == 0
    assert picture.applied == ["alpha: composited on the model's background"]


def test_palette_with_transparency_is_composited() -> None:
    palette = Image.fromarray(square(0, 1, 28)).convert("P")
    palette.putpalette([255, 255, 255, 128, 128, 128])

    pixels = read(file_of(palette, transparency=0)).pixels

    assert pixels[0, 0] == 0
    assert pixels[14, 14] == pytest.approx(128 / 255)


def test_cmyk_jpeg_is_read() -> None:
    content = file_of(Image.fromarray(square(0, 255, 28)).convert("CMYK"), "JPEG", quality=95)

    assert read(content).pixels[14, 14] == pytest.approx(1, abs=0.1)


def test_exif_orientation_is_applied() -> None:
    image = Image.fromarray(square(0, 255, 28))
    image.paste(200, (0, 0, 14, 3))  # a mark at the top left
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down

    picture = read(file_of(image.rotate(180), "PNG", exif=exif))

    assert picture.pixels[0, 0] == pytest.approx(200 / 255)
    assert picture.applied == ["orientation: EXIF 3 applied"]


def test_first_frame_of_an_animation_is_taken() -> None:
    frames = [Image.fromarray(square(0, ink, 28)) for ink in (100, 200, 250)]
    content = file_of(frames[0], "GIF", save_all=True, append_images=frames[1:])

    picture = read(content)

    assert picture.pixels[14, 14] == pytest.approx(100 / 255)
    assert picture.applied[0] == "frame: first of several"


@pytest.mark.parametrize(
    ("polarity", "background", "inverts"),
    [
        ("auto", 0, False),
        ("auto", 255, True),
        ("keep", 255, False),
        ("invert", 255, True),
        ("invert", 0, True),
    ],
)
def test_polarity(polarity: Polarity, background: int, inverts: bool) -> None:
    picture = read(tiny.picture_bytes(square(background, 128, 28)), polarity)

    assert picture.pixels[0, 0] == (background / 255 if not inverts else 1 - background / 255)
    assert ("polarity: inverted" in picture.applied) == inverts


def test_dark_on_white_is_the_same_as_its_negative() -> None:
    drawing = square(255, 30)

    product_photo = read(tiny.picture_bytes(drawing), "auto")

    negative = read(tiny.picture_bytes(255 - drawing), "auto")
    assert product_photo.pixels == pytest.approx(negative.pixels, abs=1e-6)


@pytest.mark.parametrize(("height", "width"), [(280, 140), (140, 280), (7, 14), (1, 3000)])
def test_aspect_is_kept_by_padding(height: int, width: int) -> None:
    picture = read(tiny.picture_bytes(np.full((height, width), 255, np.uint8)))

    factor = 28 / max(height, width)
    rows, columns = max(1, round(height * factor)), max(1, round(width * factor))
    assert picture.pixels.shape == (28, 28)
    assert (picture.pixels > 0.99).sum() == rows * columns
    assert picture.applied == [
        f"resize: {width} x {height} to {columns} x {rows}",
        "padding: to 28 x 28, centred",
    ]


def test_downsampling_is_antialiased() -> None:
    stripes = np.zeros((280, 280), np.uint8)
    stripes[:, ::2] = 255

    pixels = read(tiny.picture_bytes(stripes)).pixels

    assert pixels[2:-2, 2:-2] == pytest.approx(np.full((24, 24), 0.5), abs=0.02)


def test_values_stay_from_0_to_1() -> None:
    pixels = read(tiny.picture_bytes(square(0, 255, 300))).pixels

    assert (pixels.min(), pixels.max()) == (0, 1)


PNG = tiny.picture_bytes(LEVELS)


@pytest.mark.parametrize(
    "content",
    [
        b"a text",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"RIFF\0\0\0\0WAVE",
        b"%PDF-1.7",
    ],
)
def test_other_formats_are_unsupported(content: bytes) -> None:
    with pytest.raises(MediaTypeUnsupported) as caught:
        read(content)

    assert caught.value.faults[0].pointer == "/form/images/0"


@pytest.mark.parametrize("content", [b"", PNG[:20], PNG[:-200], PNG[:100] + b"\0" + PNG[101:]])
def test_damaged_file_is_invalid(content: bytes) -> None:
    with pytest.raises(Invalid) as caught:
        read(content)

    assert caught.value.faults[0].pointer == "/form/images/0"


@pytest.mark.parametrize("format_name", ["PNG", "JPEG", "GIF", "WEBP", "BMP"])
def test_cut_or_flipped_files_never_fail_otherwise(format_name: str) -> None:
    content = file_of(Image.fromarray(LEVELS), format_name)
    generator = np.random.default_rng(1)
    for _ in range(60):
        damaged = bytearray(content[: generator.integers(1, len(content) + 1)])
        damaged[generator.integers(len(damaged))] ^= 1 << int(generator.integers(8))
        with contextlib.suppress(RequestError):
            picture = read(bytes(damaged))
            assert picture.pixels.shape == (28, 28)
            assert np.isfinite(picture.pixels).all()


def declared_png(width: int, height: int) -> bytes:
    """A PNG that declares a size but has almost no data."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [1001, 9000, 60_000])
def test_declared_size_is_refused_before_decoding(side: int) -> None:
    with pytest.raises(TooLarge) as caught:
        read(declared_png(side, side))

    assert caught.value.faults[0].pointer == "/form/images/0"


def scene(height: int, width: int) -> npt.NDArray[np.uint8]:
    """A picture like a photograph: sharp edges, a gradient, and noise."""
    rows, columns = np.indices((height, width))
    disc = np.hypot(rows - height / 2, columns - width / 3) < min(height, width) / 4
    noise = np.random.default_rng(0).normal(20, 5, (height, width))
    levels: npt.NDArray[np.uint8] = (disc * 120 + columns / width * 90 + noise).astype(np.uint8)
    return levels


@pytest.mark.parametrize(("height", "width"), [(1000, 1000), (517, 1403), (2001, 450), (301, 4000)])
@pytest.mark.parametrize("format_name", ["PNG", "JPEG"])
def test_large_picture_is_averaged_without_a_visible_difference(
    monkeypatch: pytest.MonkeyPatch, height: int, width: int, format_name: str
) -> None:
    content = file_of(Image.fromarray(scene(height, width)), format_name)

    reduced = read(content, max_pixels=10**8).pixels

    monkeypatch.setattr(fitting, "REDUCING_GAP", 10**6)
    assert np.abs(reduced - read(content, max_pixels=10**8).pixels).max() < 2 / 255


def test_bands_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    rgba = Image.fromarray(np.dstack([scene(700, 500)] * 3 + [scene(700, 500)]))
    whole = read(file_of(rgba))

    monkeypatch.setattr(fitting, "BAND_PIXELS", 1)

    assert read(file_of(rgba)).pixels == pytest.approx(whole.pixels, abs=1e-6)
