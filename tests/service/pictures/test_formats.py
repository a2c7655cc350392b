"""What a file declares is bounded before it is decoded, and damage that a format shows is found."""

import contextlib
import struct
import zlib
from itertools import islice

import numpy as np
import pytest
from PIL import Image

from service.artifact.manifest import ImageSpec
from service.errors import Invalid, MediaTypeUnsupported, RequestError, TooLarge
from service.pictures import png_chunks
from service.pictures.exif import orientation
from service.pictures.fitting import Picture, fit_picture
from service.pictures.formats import PictureFile, open_picture
from service.pictures.parts import MAX_PARTS
from tests.pictures import LEVELS, chunk, file_of, interlaced, packed_bmp, png, raw

MAX_PIXELS = 10**6
GREY = Image.fromarray(LEVELS)
JPEG_END = b"\xff\xd9"
WHOLE_PNG = raw(LEVELS, 8, 0)
IDAT = WHOLE_PNG.index(b"IDAT") - 4


def opened(content: bytes, max_pixels: int = MAX_PIXELS) -> PictureFile:
    return open_picture(content, max_pixels, "/form/images/0")


def read(content: bytes, max_pixels: int = MAX_PIXELS) -> Picture:
    spec = ImageSpec(height=28, width=28)
    return fit_picture(opened(content, max_pixels), spec, "auto", "/form/images/0")


def rows(*levels: int) -> bytes:
    """Scanlines of 28 pixels, one for each level."""
    return b"".join(b"\0" + bytes([level]) * 28 for level in levels)


def photograph(side: int = 96) -> Image.Image:
    coarse = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC)


def with_scans(count: int, side: int) -> bytes:
    """A progressive JPEG that repeats its last scan."""
    content = file_of(Image.new("L", (side, side)), "JPEG", progressive=True)
    last = content[content.rindex(b"\xff\xda") : -2]
    return content[:-2] + last * (count - content.count(b"\xff\xda")) + JPEG_END


# Work


def test_jpeg_of_many_scans_counts_as_more_pixels() -> None:
    assert opened(with_scans(20, 100)).work == 100 * 100
    assert opened(with_scans(21, 100)).work == 2 * 100 * 100


def test_scans_of_arithmetic_coding_count_four_times() -> None:
    def work(scans: int) -> int:  # only opened: the data are not coded in this way
        return opened(with_scans(scans, 100).replace(b"\xff\xc2", b"\xff\xca")).work

    assert (work(10), work(11)) == (2 * 100 * 100, 3 * 100 * 100)


@pytest.mark.parametrize(("colour_type", "times"), [(0, 1), (2, 4), (6, 4)])
def test_deep_colour_counts_four_times(colour_type: int, times: int) -> None:
    channels = {0: 1, 2: 3, 6: 4}[colour_type]
    levels = np.zeros((28, 28, channels), np.uint16)

    assert opened(raw(levels, 16, colour_type)).work == times * 28 * 28


def test_jpeg_of_more_scans_than_its_size_allows_is_too_large() -> None:
    assert opened(with_scans(20, 1000)).work == MAX_PIXELS

    with pytest.raises(TooLarge, match="the picture has 21 scans, more than its size allows"):
        read(with_scans(21, 1000))


@pytest.mark.parametrize(
    ("content", "place", "part"),
    [
        (WHOLE_PNG, IDAT, chunk(b"IDAT", b"")),
        (WHOLE_PNG, 33, chunk(b"PLTE", b"")),
        (WHOLE_PNG, len(WHOLE_PNG) - 12, chunk(b"fdAT", b"")),
        (file_of(GREY, "JPEG"), 2, b"\xff\xfe\0\2"),
        (file_of(GREY, "JPEG"), 2, b"\xff\xdd\0\4\0\0"),
    ],
)
def test_file_of_too_many_parts_is_too_large(content: bytes, place: int, part: bytes) -> None:
    with pytest.raises(TooLarge, match=f"the file has more than {MAX_PARTS} parts"):
        read(content[:place] + part * MAX_PARTS + content[place:])


def test_gif_of_too_many_parts_is_too_large() -> None:
    content = file_of(GREY, "GIF")
    start = content.index(b",", 13 + 3 * 256)

    for junk in (b"!\xfe\0", b"!\x01\0", b"!\x01\1a\0"):
        with pytest.raises(TooLarge):
            read(content[:start] + junk * MAX_PARTS + content[start:])
    with pytest.raises(TooLarge):
        read(content[: start + 11] + b"\1a" * MAX_PARTS + b"\0;")


@pytest.mark.parametrize(
    "content",
    [
        WHOLE_PNG[:IDAT] + chunk(b"IDAT", b"") * 1000 + WHOLE_PNG[IDAT:],
        WHOLE_PNG[:33] + chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(10**6))) + WHOLE_PNG[33:],
        WHOLE_PNG + b"trailing bytes",
    ],
)
def test_parts_without_a_say_do_not_change_the_picture(content: bytes) -> None:
    assert (read(content).pixels == read(WHOLE_PNG).pixels).all()


def test_data_beyond_the_last_row_are_not_unpacked() -> None:
    huge = zlib.compress(rows(*range(28)) + bytes(10**7), 9)
    content = WHOLE_PNG[:IDAT] + chunk(b"IDAT", huge) + chunk(b"IEND", b"")

    png_chunks.check_data(png_chunks.walk(content))

    assert read(content).pixels[27, 0] == pytest.approx(27 / 255)


def exif_of(entries: list[tuple[int, int, int, bytes]], order: str = ">") -> bytes:
    head = b"MM\0*" if order == ">" else b"II*\0"
    packed = b"".join(struct.pack(f"{order}HHI", *entry[:3]) + entry[3] for entry in entries)
    return b"Exif\0\0" + head + struct.pack(f"{order}IH", 8, len(entries)) + packed + bytes(4)


def test_orientation_is_read_in_both_byte_orders_without_following_other_entries() -> None:
    far = (0x010E, 2, 2**31, b"\0\0\0\0")  # a text of two gigabytes

    assert orientation(exif_of([far, (0x0112, 3, 1, b"\0\6\0\0")])) == 6
    assert orientation(exif_of([far, (0x0112, 3, 1, b"\6\0\0\0")], "<")) == 6
    assert orientation(exif_of([(0x0112, 4, 1, b"\0\0\0\3")])) == 3


@pytest.mark.parametrize(
    "exif",
    [
        b"",
        b"Exif\0\0",
        b"Exif\0\0MM\0*\xff\xff\xff\xff",
        exif_of([(0x0112, 3, 1, b"\0\x09\0\0")]),
        exif_of([(0x0112, 3, 7, b"\0\6\0\0")]),
        exif_of([(0x0112, 3, 1, b"\0\6\0\0")])[:-10],
    ],
)
def test_damaged_orientation_is_as_stored(exif: bytes) -> None:
    assert orientation(exif) == 1


# Damage


@pytest.mark.parametrize(
    "content",
    [
        WHOLE_PNG,
        raw(LEVELS >> 6, 2, 3, chunk(b"PLTE", bytes(range(12))) + chunk(b"tRNS", b"\0\x80")),
        interlaced(LEVELS),
    ],
)
def test_no_flipped_bit_of_a_png_changes_the_numbers(content: bytes) -> None:
    whole = read(content).pixels
    for bit in islice(np.random.default_rng(0).permutation(8 * len(content)), 600):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        try:
            pixels = read(bytes(flipped)).pixels
        except RequestError:
            continue
        assert (pixels == whole).all()


@pytest.mark.parametrize("interlace", [0, 1])
def test_png_whose_rows_end_early_is_damaged(interlace: int) -> None:
    whole = LEVELS.tobytes()[: 28 * 14]
    with pytest.raises(Invalid):
        read(png((28, 28), 8, 0, whole, interlace=interlace))


def test_png_with_a_wrong_checksum_of_its_data_is_damaged() -> None:
    data = bytearray(zlib.compress(rows(*range(28))))
    data[-1] ^= 1

    with pytest.raises(Invalid):
        read(WHOLE_PNG[:IDAT] + chunk(b"IDAT", bytes(data)) + chunk(b"IEND", b""))


def test_png_without_its_end_is_damaged() -> None:
    with pytest.raises(Invalid):
        read(WHOLE_PNG[:-12])


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ((28, 28, 8, 0, 0, 0, 0), 28 * 29),
        ((3, 28, 16, 6, 0, 0, 0), 28 * 25),
        ((9, 28, 1, 0, 0, 0, 0), 28 * 3),
        ((1, 1, 8, 0, 0, 0, 1), 2),
        ((2, 5, 8, 0, 0, 0, 1), 18),  # passes without pixels have no scanlines
    ],
)
def test_scanline_bytes(header: tuple[int, ...], expected: int) -> None:
    assert png_chunks.scanline_bytes(header) == expected


@pytest.mark.parametrize("size", [(8, 8), (28, 28), (33, 9)])
def test_scanline_bytes_of_the_seven_passes(size: tuple[int, int]) -> None:
    levels = np.zeros((size[1], size[0]), np.uint8)
    content = png_chunks.walk(interlaced(levels))

    assert png_chunks.scanline_bytes(content.header) == len(zlib.decompress(content.data))


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("restarts", [{}, {"restart_marker_rows": 1}])
def test_jpeg_whose_data_end_early_is_damaged(
    mode: str, progressive: bool, restarts: dict[str, int]
) -> None:
    content = file_of(photograph().convert(mode), "JPEG", progressive=progressive, **restarts)
    start = content.index(b"\xff\xda")

    with pytest.raises(Invalid):
        read(content[: (start + len(content)) // 2] + JPEG_END)
    # The last few bits may be what a decoder makes up, so that the picture is right.
    for kept in np.linspace(start + 12, len(content) - 6, 25).astype(int):
        for end in (b"", JPEG_END):
            with contextlib.suppress(Invalid):
                assert (read(content[:kept] + end).pixels == read(content).pixels).all()


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("restarts", [{}, {"restart_marker_rows": 1}])
def test_jpeg_without_its_end_is_read(
    mode: str, progressive: bool, restarts: dict[str, int]
) -> None:
    content = file_of(photograph().convert(mode), "JPEG", progressive=progressive, **restarts)

    assert (read(content[:-2]).pixels == read(content).pixels).all()
    assert (read(content + content).pixels == read(content).pixels).all()


def test_gif_whose_codes_end_early_is_damaged() -> None:
    content = file_of(GREY, "GIF")

    with pytest.raises(Invalid):
        read(content[:-500] + b"\0;")


# Kinds


def jpeg_of_bits(bits: int, frame: int = 0xC1) -> bytes:
    content = bytearray(file_of(GREY, "JPEG"))
    place = content.index(b"\xff\xc0")
    content[place + 1], content[place + 4] = frame, bits
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (jpeg_of_bits(8, 0xC3), "a lossless or hierarchical JPEG is not supported"),
    ],
)
def test_right_file_of_another_kind_is_unsupported(content: bytes, detail: str) -> None:
    with pytest.raises(MediaTypeUnsupported, match=detail):
        read(content)


@pytest.mark.parametrize("depth", [4, 8])
def test_runs_may_leave_out_what_follows_in_a_row(depth: int) -> None:
    one = b"\x02\x11" if depth == 4 else b"\x02\x01"
    # From the bottom: two pixels; nothing; moved up by one and right by 3; then the end.
    runs = one + b"\0\0" + b"\0\0" + b"\0\2\3\1" + one + b"\0\1"

    picture = read(packed_bmp((28, 28), depth, runs))

    shown = np.zeros((28, 28))
    shown[27, :2] = shown[24, 3:5] = 1
    assert (picture.pixels == shown).all()


def test_runs_that_end_early_are_damaged() -> None:
    with pytest.raises(Invalid):
        read(packed_bmp((28, 28), 8, b"\x02\x01\0\0"))
