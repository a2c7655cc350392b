"""Walks the segments of a JPEG (ITU-T T.81): keeps those that affect the picture, counts scans.

A JPEG has no checksums. What can be seen is whether its data end early.
"""

import re
from typing import NamedTuple

from service.errors import MediaTypeUnsupported
from service.pictures.exif import PREFIX as EXIF_PREFIX
from service.pictures.parts import MAX_PARTS, too_many_parts

START, END = b"\xff\xd8", b"\xff\xd9"
SCAN, COMMENT, EXIF, ADOBE = 0xDA, 0xFE, 0xE1, 0xEE
APPLICATION = range(0xE0, 0xF0)
# The application segments that say how to read colours: the first of each is kept.
COLOUR_SEGMENTS = {0xE0: b"JFIF\0", ADOBE: b"Adobe"}
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # SOF0 to SOF15
SEQUENTIAL, PROGRESSIVE = (0xC0, 0xC1, 0xC9), (0xC2, 0xCA)
ARITHMETIC = (0xC9, 0xCA)
# Huffman tables, arithmetic conditions, quantization tables, restart intervals.
TABLES = (0xC4, 0xCC, 0xDB, 0xDD)
COMPONENTS = (1, 3, 4)
COEFFICIENTS = 64
# The next marker: after any number of fill bytes, and neither a stuffed byte nor a restart.
MARKER = re.compile(rb"\xff+([^\x00\x01\xd0-\xd7\xff])", re.DOTALL)
# A decoder that still wants data reads these as such, also at the start of a restart interval.
NOISE_BITS = bytes.fromhex("b4e927da") * 8
NOISE = b"".join(NOISE_BITS + bytes((0xFF, 0xD0 + index)) for index in range(8)) * 2


class Segments(NamedTuple):
    """What matters of a JPEG: its segments and coded data without the end, and its Exif."""

    content: bytes
    size: tuple[int, int]  # width, height
    exif: bytes
    scans: int
    is_arithmetic: bool

    def ended(self, noise: bytes = b"") -> bytes:
        """The file with `noise` before its end. The picture shows it only if the data end early."""
        return b"".join((self.content, noise, END))


class _Frame:
    """The header of the picture, and how far each coefficient of each component is coded."""

    def __init__(self, marker: int, body: bytes) -> None:
        if body[0] != 8:
            raise MediaTypeUnsupported(f"a JPEG of {body[0]} bits a channel is not supported")
        if marker not in SEQUENTIAL + PROGRESSIVE:
            raise MediaTypeUnsupported("a lossless or hierarchical JPEG is not supported")
        if body[5] not in COMPONENTS:
            raise MediaTypeUnsupported(f"a JPEG of {body[5]} channels is not supported")
        self.size = int.from_bytes(body[3:5]), int.from_bytes(body[1:3])
        self.is_progressive = marker in PROGRESSIVE
        self.is_arithmetic = marker in ARITHMETIC
        # The lowest bit that has been coded of each coefficient; any other number: none yet.
        self._lowest = {
            name: bytearray(b"\xff" * COEFFICIENTS) for name in body[6 : 6 + 3 * body[5] : 3]
        }

    def take_scan(self, body: bytes) -> None:
        names = body[1 : 1 + 2 * body[0] : 2]
        first, last, approximation = body[1 + 2 * body[0] : 4 + 2 * body[0]]
        if not self.is_progressive:
            first, last, approximation = 0, COEFFICIENTS - 1, 0
        coded = bytes([approximation & 0x0F]) * (last - first + 1)
        for name in names:
            self._lowest[name][first : last + 1] = coded

    def is_whole(self) -> bool:
        return not any(map(any, self._lowest.values()))


def walk(content: bytes) -> Segments:
    """Raises ValueError where a segment is damaged or scans are missing.

    Also raises MediaTypeUnsupported, and TooLarge where there are too many segments.
    """
    kept, seen, exif = [START], set[int](), b""
    frame, scans, offset = None, 0, len(START)
    for _ in range(MAX_PARTS):
        found = MARKER.search(content, offset)
        if found is None or found[1] == END[1:]:  # many cameras leave the end out
            break
        marker, offset = content[found.end() - 1], found.end()
        end = offset + int.from_bytes(content[offset : offset + 2])
        body = content[offset + 2 : end]
        if end > len(content) or end < offset + 2:
            raise ValueError("a segment ends early")
        is_kept = marker in TABLES
        if marker in FRAMES:
            if frame is not None:
                raise ValueError("two frames")
            frame, is_kept = _Frame(marker, body), True
        elif marker == SCAN:
            if frame is None:
                raise ValueError("a scan before the frame")
            frame.take_scan(body)
            scans += 1
            following = MARKER.search(content, end)
            end = len(content) if following is None else following.start()
            is_kept = True
        elif marker == EXIF and not exif and body.startswith(EXIF_PREFIX):
            exif = body
        elif marker in COLOUR_SEGMENTS and marker not in seen and not scans:
            is_kept = body.startswith(COLOUR_SEGMENTS[marker])
            if is_kept:
                seen.add(marker)
        elif marker not in APPLICATION and marker != COMMENT and not is_kept:
            raise ValueError(f"an unknown marker {marker:x}")
        if is_kept:
            kept.append(content[found.end() - 2 : end])
        offset = end
        if frame is not None and not frame.is_progressive and scans and frame.is_whole():
            break  # what follows is another picture, or none
    else:
        raise too_many_parts()
    if frame is None or not frame.is_whole():
        raise ValueError("scans are missing")
    return Segments(b"".join(kept).rstrip(b"\xff"), frame.size, exif, scans, frame.is_arithmetic)
