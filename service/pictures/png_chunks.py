"""Walks the chunks of a PNG (ISO/IEC 15948): checks all, keeps those of the first picture."""

import struct
from typing import NamedTuple

from isal import isal_zlib
from isal.isal_zlib import crc32

from service.pictures.parts import MAX_PARTS, too_many_parts
from service.pictures.png import chunk

SIGNATURE = b"\x89PNG\r\n\x1a\n"
# The chunks that change the first picture. All others are removed unread: a few kilobytes of
# compressed text or colour profile can unpack to tens of megabytes.
ESSENTIAL = frozenset((b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"))
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
# First column and row, then column and row step, of each pass (Adam7).
PASSES = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)
HEADER = struct.Struct(">IIBBBBB")
HEAD = struct.Struct(">I4s")
HEAD_BYTES, CHECK_BYTES = 8, 4
# Compressed bytes to inflate at a time, and the most that a step gives.
PIECE_BYTES, STEP_BYTES = 2**16, 2**20


class Chunks(NamedTuple):
    """What matters of a PNG: a file of the first picture alone, and its parts."""

    content: bytes
    header: tuple[int, ...]  # width, height, depth, colour type, and three methods
    data: bytes  # the scanlines, compressed
    exif: bytes
    is_animated: bool
    is_keyed: bool  # one of its levels or colours is transparent


def walk(content: bytes) -> Chunks:
    """Check every chunk up to the last. Raises ValueError where one is damaged or missing."""
    found, pieces = dict[bytes, bytes](), list[bytes]()
    exif, is_animated = b"", False
    offset = len(SIGNATURE)
    for _ in range(MAX_PARTS):
        length, name = HEAD.unpack_from(content, offset)
        check = offset + HEAD_BYTES + length
        end = check + CHECK_BYTES
        if crc32(content[offset + 4 : check]) != int.from_bytes(content[check:end]):
            raise ValueError(f"wrong checksum of {name!r}")
        if name in ESSENTIAL:
            found[name] = content[offset:end]
            if name == b"IDAT":
                pieces.append(content[offset + HEAD_BYTES : check])
            elif name == b"IEND":
                break
        elif name == b"eXIf":
            exif = content[offset + HEAD_BYTES : check]
        elif name == b"acTL":
            is_animated = True
        offset = end
    else:
        raise too_many_parts()
    data = b"".join(pieces)
    if len(pieces) > 1:
        found[b"IDAT"] = chunk(b"IDAT", data)
    header = HEADER.unpack_from(found[b"IHDR"], HEAD_BYTES)
    cleaned = SIGNATURE + b"".join(found.values())
    return Chunks(cleaned, header, data, exif, is_animated, b"tRNS" in found)


def check_data(chunks: Chunks) -> None:
    """Raise ValueError where the data have fewer scanlines than the header says.

    Where they end, their checksum is checked too (RFC 1950).
    """
    expected, count = scanline_bytes(chunks.header), 0
    stream = isal_zlib.decompressobj()
    for start in range(0, len(chunks.data), PIECE_BYTES):
        left = chunks.data[start : start + PIECE_BYTES]
        while left and not stream.eof:
            # One byte more than is missing, so that the stream can reach its end.
            count += len(stream.decompress(left, min(STEP_BYTES, expected - count + 1)))
            if count > expected:
                return
            left = stream.unconsumed_tail
    if count < expected:
        raise ValueError(f"the scanlines have {count} bytes, not {expected}")


def scanline_bytes(header: tuple[int, ...]) -> int:
    """Bytes of all scanlines, each with the byte of its filter."""
    width, height, depth, colour_type, *_, interlace = header
    bits = depth * CHANNELS[colour_type]
    if not interlace:
        return height * (1 + (width * bits + 7) // 8)
    total = 0
    for left, top, across, down in PASSES:
        columns, rows = -((left - width) // across), -((top - height) // down)
        if columns > 0 and rows > 0:
            total += rows * (1 + (columns * bits + 7) // 8)
    return total
