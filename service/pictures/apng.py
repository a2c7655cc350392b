"""Encodes grey levels as an animated PNG (PNG third edition, W3C 2025), which browsers play.

Pillow is not used: it stores only what changes and merges equal frames. Here every frame is whole
and has its own delay, and equal pictures give equal bytes.
"""

import struct
from collections.abc import Sequence

from service.artifact.arrays import Levels
from service.pictures.png import SIGNATURE, chunk, compressed, header

ENDLESS = 0  # number of plays
KEEP, REPLACE = 0, 0  # how a frame is disposed of, and how the next is blended over it


def encode_apng(frames: Sequence[Levels], frame_milliseconds: int) -> bytes:
    """One or more [H, W] frames -> an 8-bit greyscale APNG that plays them endlessly."""
    parts = [SIGNATURE, header(frames[0]), chunk(b"acTL", struct.pack(">II", len(frames), ENDLESS))]
    sequence = 0  # counts fcTL and fdAT chunks
    for index, frame in enumerate(frames):
        parts.append(chunk(b"fcTL", _control(sequence, frame, frame_milliseconds)))
        sequence += 1
        if index == 0:  # programs without animation show this frame
            parts.append(chunk(b"IDAT", compressed(frame)))
        else:
            parts.append(chunk(b"fdAT", struct.pack(">I", sequence) + compressed(frame)))
            sequence += 1
    return b"".join((*parts, chunk(b"IEND", b"")))


def _control(sequence: int, frame: Levels, milliseconds: int) -> bytes:
    height, width = frame.shape
    area, delay = (width, height, 0, 0), (milliseconds, 1000)  # a fraction of a second
    return struct.pack(">IIIIIHHBB", sequence, *area, *delay, KEEP, REPLACE)
