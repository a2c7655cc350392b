"""Encodes grey levels as PNG (ISO/IEC 15948), which takes most of a mosaic's time.

One suitable filter and ISA-L's deflate take a tenth of the time of a search over all filters with
zlib, at about the same size. `python -m tests.benchmarks.png` prints both.
"""

import struct

import numpy as np
import numpy.typing as npt
from isal import isal_zlib

from service.artifact.arrays import Levels

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, DEFLATE, ADAPTIVE, NOT_INTERLACED = 0, 0, 0, 0
UP, PAETH = 2, 4
# Pictures of at least this size use PAETH, which compresses better but takes ten times UP's time.
PAETH_PIXELS = 2**17
# Pixels to filter at a time: few enough for intermediate results to stay in the CPU's cache.
BLOCK_PIXELS = 2**15
FASTEST = 1
# ISA-L deflates the first bytes with its code for short data.
OPENING_BYTES = 8


def encode_png(picture: Levels) -> bytes:
    """[H, W] grey levels -> an 8-bit greyscale PNG; equal pictures give equal bytes."""
    data = chunk(b"IDAT", compressed(picture))
    return b"".join((SIGNATURE, header(picture), data, chunk(b"IEND", b"")))


def header(picture: Levels) -> bytes:
    """The IHDR chunk of an 8-bit greyscale picture."""
    height, width = picture.shape
    kind = (8, GREY, DEFLATE, ADAPTIVE, NOT_INTERLACED)
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, *kind))


def compressed(picture: Levels) -> bytes:
    """[H, W] grey levels, filtered and deflated (RFC 1950). Equal pictures give equal bytes.

    ISA-L's code for long data first reads a register that it never set. The register holds the
    stream's address, so one stream in some thousands would deflate to other bytes. Flushing the
    first bytes separately avoids this and costs some ten bytes.
    """
    data = filtered(picture).reshape(-1).data
    stream = isal_zlib.compressobj(FASTEST)
    opening = stream.compress(data[:OPENING_BYTES]) + stream.flush(isal_zlib.Z_SYNC_FLUSH)
    return b"".join((opening, stream.compress(data[OPENING_BYTES:]), stream.flush()))


def filtered(picture: Levels) -> Levels:
    """[H, W] grey levels -> [H, 1 + W] rows that deflate well, each after its filter's number."""
    height, width = picture.shape
    rows = np.empty((height, 1 + width), np.uint8)
    if picture.size < PAETH_PIXELS:
        rows[:, 0] = UP
        rows[0, 1:] = picture[0]
        np.subtract(picture[1:], picture[:-1], out=rows[1:, 1:])
    else:
        rows[:, 0] = PAETH
        _paeth(picture, out=rows[:, 1:])
    return rows


def chunk(name: bytes, data: bytes) -> bytes:
    """A PNG chunk: length, name, data and checksum."""
    check = isal_zlib.crc32(data, isal_zlib.crc32(name))
    return b"".join((struct.pack(">I", len(data)), name, data, struct.pack(">I", check)))


def _paeth(picture: Levels, out: Levels) -> None:
    """Subtract from each pixel its left, upper or upper left neighbour."""
    height, width = picture.shape
    bordered = np.zeros((1 + height, 1 + width), np.uint8)
    bordered[1:, 1:] = picture
    step = max(1, BLOCK_PIXELS // width)
    for top in range(0, height, step):
        rows = bordered[top : top + step + 1]
        predicted = _paeth_predictor(rows[1:, :-1], rows[:-1, 1:], rows[:-1, :-1])
        np.subtract(rows[1:, 1:], predicted, out=out[top : top + step])


def _paeth_predictor(left: Levels, upper: Levels, corner: Levels) -> Levels:
    """The neighbour nearest to left + upper - corner, computed in 8 bits without branches.

    The distance to `corner` is the sum of the other two distances if left and upper lie on the same
    side of it, otherwise their difference. If it is the sum, `corner` is never nearest.
    """
    to_left = np.maximum(upper, corner) - np.minimum(upper, corner)
    to_upper = np.maximum(left, corner) - np.minimum(left, corner)
    is_sum = _mask((left >= corner) == (upper >= corner))
    to_corner = (np.maximum(to_left, to_upper) - np.minimum(to_left, to_upper)) | is_sum
    predicted = corner ^ ((upper ^ corner) & _mask(to_upper <= to_corner))
    predicted ^= (left ^ predicted) & _mask(to_left <= np.minimum(to_upper, to_corner))
    return predicted


def _mask(chosen: npt.NDArray[np.bool_]) -> Levels:
    return -chosen.view(np.uint8)  # 255 where chosen, 0 elsewhere
