"""Pictures that cost far more to read than they weigh, each within the limits or just over them."""

import struct
import zlib
from collections.abc import Callable
from functools import partial

import numpy as np
from PIL import Image

from tests.pictures import ADAM7, chunk, file_of, png

SIDE = 4096  # width and height of the largest picture allowed
FILLED = 8 * 2**20 - 1000  # bytes that fit into a body, besides the form around them
BLOCKS = (SIDE // 8) ** 2  # of 8 x 8 pixels
SCAN_BYTES = 29  # of an empty scan of a progressive JPEG
GREY, RGBA = 0, 6  # colour types of PNG
PAETH = b"\4"  # the filter that takes longest


def flat_png(depth: int, colour_type: int) -> bytes:
    """The largest PNG, in one colour."""
    return png((SIDE, SIDE), depth, colour_type, _rows(SIDE, SIDE, depth, colour_type))


def interlaced_png() -> bytes:
    """The largest PNG of 16-bit RGBA, in the seven passes of Adam7."""
    passes = [
        _rows(len(range(column, SIDE, across)), len(range(row, SIDE, down)), 16, RGBA)
        for row, column, down, across in ADAM7
    ]
    return png((SIDE, SIDE), 16, RGBA, b"".join(passes), interlace=1)


def png_of_empty_chunks(name: bytes) -> bytes:
    """A PNG of 28 x 28 with as many empty chunks before its pixels as fit."""
    empty = chunk(name, b"")
    return _small_png(empty * (FILLED // len(empty) - 100))


def png_with_texts() -> bytes:
    """A PNG of 28 x 28 with compressed texts that unpack to gigabytes."""
    text = chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(2**24), 9))
    return _small_png(text * (FILLED // len(text) - 1))


def baseline_jpeg() -> bytes:
    """The largest JPEG in colour, as full of detail as a body can hold."""
    noise = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    return file_of(Image.fromarray(noise), "JPEG", quality=20)


def progressive_jpeg(scans: int) -> bytes:
    """The largest progressive JPEG in grey, with so many scans that hold nothing.

    Each takes SCAN_BYTES and leads a decoder through every block (ITU-T T.81, annex G).
    """
    return b"".join(
        (
            b"\xff\xd8",
            _segment(0xDB, b"\0" + bytes([1] * 64)),
            _segment(0xC2, struct.pack(">BHHB", 8, SIDE, SIDE, 1) + b"\1\x11\0"),
            # Each table has one code, of one bit: no difference from the last block, and EOB14.
            _segment(0xC4, b"\0" + b"\1" + bytes(15) + b"\0"),
            _segment(0xC4, b"\x10" + b"\1" + bytes(15) + b"\xe0"),
            _scan(b"\0\0\0", "0" * BLOCKS),
            *(_scan(bytes([1 + n % 63, 1 + n % 63, 0]), _empty_runs()) for n in range(scans)),
            b"\xff\xd9",
        )
    )


def flat_webp() -> bytes:
    """The largest lossless WebP, in one colour."""
    return file_of(Image.new("RGBA", (SIDE, SIDE)), "WEBP", lossless=True)


def large_gif() -> bytes:
    """A GIF with the largest screen, whose only frame is one pixel."""
    pixel = file_of(Image.new("P", (1, 1)), "GIF")
    return pixel[:6] + struct.pack("<HH", SIDE, SIDE) + pixel[10:]


def bmp_of_rows(pixels: bytes, bits: int) -> bytes:
    """The largest run-length encoded BMP; `pixels` is the code of one row, without its end."""
    data = (pixels + b"\0\0") * SIDE + b"\0\1"
    compression = {8: 1, 4: 2}[bits]
    size = struct.pack("<IiiHHIIiiII", 40, SIDE, SIDE, 1, bits, compression, len(data), 0, 0, 0, 0)
    offset = 14 + len(size) + 4 * 2**bits
    head = b"BM" + struct.pack("<IHHI", offset + len(data), 0, 0, offset)
    return head + size + bytes(4 * 2**bits) + data


LARGE: dict[str, Callable[[], bytes]] = {
    "PNG 16-bit RGBA, interlaced": interlaced_png,
    "PNG 16-bit RGBA": partial(flat_png, 16, RGBA),
    "PNG 16-bit grey": partial(flat_png, 16, GREY),
    "PNG with 8 MB of empty unknown chunks": partial(png_of_empty_chunks, b"juNk"),
    "PNG with 8 MB of empty IDAT": partial(png_of_empty_chunks, b"IDAT"),
    "PNG with 8 MB of zTXt": png_with_texts,
    "JPEG baseline, noise": baseline_jpeg,
    "JPEG progressive, 200 scans": partial(progressive_jpeg, 200),
    "JPEG progressive, 8,000 scans": partial(progressive_jpeg, 8000),
    "JPEG progressive, as many scans as fit": partial(
        progressive_jpeg, FILLED // SCAN_BYTES - 2000
    ),
    "WebP lossless, flat": flat_webp,
    "GIF, one pixel on the largest screen": large_gif,
    "GIF, flat": lambda: file_of(Image.new("P", (SIDE, SIDE)), "GIF"),
    "BMP 1-bit": lambda: file_of(Image.new("1", (SIDE, SIDE)), "BMP"),
    "BMP RLE8, one pixel a row": partial(bmp_of_rows, b"\1\0", 8),
    "BMP RLE8, runs of one pixel": partial(bmp_of_rows, b"\1\0" * 1000, 8),
    "BMP RLE4, flat": partial(bmp_of_rows, b"\xff\0" * 16 + b"\x10\0", 4),
}


def _rows(width: int, height: int, depth: int, colour_type: int) -> bytes:
    """A PNG's rows, each after its filter's number."""
    channels = 4 if colour_type == RGBA else 1
    return (PAETH + bytes((width * depth * channels + 7) // 8)) * height


def _small_png(ancillary: bytes) -> bytes:
    return png((28, 28), 8, GREY, bytes(29 * 28), ancillary)


def _segment(marker: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, 2 + len(data)) + data


def _scan(spectrum: bytes, bits: str) -> bytes:
    """A scan of the one component; `spectrum` is Ss, Se and AhAl."""
    padded = bits + "1" * (-len(bits) % 8)
    data = int(padded, 2).to_bytes(len(padded) // 8).replace(b"\xff", b"\xff\0")
    return _segment(0xDA, b"\1\1\0" + spectrum) + data


def _empty_runs() -> str:
    """The code of a scan that holds nothing: nine runs of EOB14, each of 2^14 blocks or more."""
    share = BLOCKS // 9 + 1
    runs = [share] * 8 + [BLOCKS - 8 * share]
    return "".join(f"0{run - 2**14:014b}" for run in runs)
