"""Grey levels to PNG bytes (ISO/IEC 15948), written here because a mosaic's time is mostly this.

A filter that the picture's kind suits and ISA-L's deflate give about the size of a search over all
filters with zlib's, in a tenth of the time; `python -m tests.benchmarks.png` prints both.
"""

import struct

import numpy as np
import numpy.typing as npt
from isal import isal_zlib

from service.artifact.arrays import Levels

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, DEFLATE, ADAPTIVE, NOT_INTERLACED = 0, 0, 0, 0
UP, PAETH = 2, 4
# From this many pixels on the better filter is worth its time, which is some ten times UP's.
PAETH_PIXELS = 2**17
# Pixels that are filtered at a time, so that what is computed on the way stays in the cache.
BLOCK_PIXELS = 2**15
FASTEST = 1
# So much is deflated by code for short data, before the code for long data takes over.
OPENING_BYTES = 8


def encode_png(picture: Levels) -> bytes:
    """[H, W] grey levels -> an 8-bit greyscale PNG; equal pictures give equal bytes."""
    data = chunk(b"IDAT", compressed(picture))
    return b"".join((SIGNATURE, header(picture), data, chunk(b"IEND", b"")))


def header(picture: Levels) -> bytes:
    """The chunk that tells the size and kind of an 8-bit greyscale picture."""
    height, width = picture.shape
    kind = (8, GREY, DEFLATE, ADAPTIVE, NOT_INTERLACED)
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, *kind))


def compressed(picture: Levels) -> bytes:
    """[H, W] grey levels as filtered and deflated data."""
    return deflated(filtered(picture))


def filtered(picture: Levels) -> Levels:
    """[H, W] grey levels as rows that deflate well: [H, 1 + W], each after its filter's number."""
    return _paeth(picture) if picture.size >= PAETH_PIXELS else _up(picture)


def deflated(rows: Levels) -> bytes:
    """Bytes in zlib's format (RFC 1950), the same for the same rows.

    ISA-L's code for long data begins by looking up a register that it never set, which holds the
    address of its stream, so that one stream in some thousands is deflated to other bytes. It is
    therefore not left to begin: the opening is flushed before the rest, some ten bytes more in all.
    """
    data = rows.reshape(-1).data
    stream = isal_zlib.compressobj(FASTEST)
    opening = stream.compress(data[:OPENING_BYTES]) + stream.flush(isal_zlib.Z_SYNC_FLUSH)
    return b"".join((opening, stream.compress(data[OPENING_BYTES:]), stream.flush()))


def chunk(name: bytes, data: bytes) -> bytes:
    """Length, name, data and checksum, as every part of a PNG is written."""
    check = isal_zlib.crc32(data, isal_zlib.crc32(name))
    return b"".join((struct.pack(">I", len(data)), name, data, struct.pack(">I", check)))


def _up(picture: Levels) -> Levels:
    """Each row less the one above it, after its filter's number: [H, 1 + W]."""
    height, width = picture.shape
    filtered = np.empty((height, 1 + width), np.uint8)
    filtered[:, 0] = UP
    filtered[0, 1:] = picture[0]
    np.subtract(picture[1:], picture[:-1], out=filtered[1:, 1:])
    return filtered


def _paeth(picture: Levels) -> Levels:
    """Each pixel less its left, upper or upper left neighbour, whichever the others point at."""
    height, width = picture.shape
    bordered = np.zeros((1 + height, 1 + width), np.uint8)
    bordered[1:, 1:] = picture
    filtered = np.empty((height, 1 + width), np.uint8)
    filtered[:, 0] = PAETH
    step = max(1, BLOCK_PIXELS // width)
    for top in range(0, height, step):
        rows = bordered[top : top + step + 1]
        predicted = _paeth_predictor(rows[1:, :-1], rows[:-1, 1:], rows[:-1, :-1])
        np.subtract(rows[1:, 1:], predicted, out=filtered[top : top + step, 1:])
    return filtered


def _paeth_predictor(left: Levels, upper: Levels, corner: Levels) -> Levels:
    """Of three neighbours the nearest to left + upper - corner, in 8 bits and without branches.

    The distance to `corner` is the sum or the difference of the other two distances, by whether
    left and upper lie on the same side of it; where it is the sum, `corner` is never nearest.
    """
    to_left = np.maximum(upper, corner) - np.minimum(upper, corner)
    to_upper = np.maximum(left, corner) - np.minimum(left, corner)
    is_sum = _mask((left >= corner) == (upper >= corner))
    to_corner = (np.maximum(to_left, to_upper) - np.minimum(to_left, to_upper)) | is_sum
    predicted = corner ^ ((upper ^ corner) & _mask(to_upper <= to_corner))
    predicted ^= (left ^ predicted) & _mask(to_left <= np.minimum(to_upper, to_corner))
    return predicted


def _mask(chosen: npt.NDArray[np.bool_]) -> Levels:
    """255 where chosen, 0 elsewhere."""
    return -chosen.view(np.uint8)
