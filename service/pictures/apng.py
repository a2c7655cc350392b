"""Grey levels to an animated PNG (PNG third edition, W3C 2025), which browsers play.

Written here like `png`: each frame is whole and keeps its own time, and equal pictures give equal
bytes; Pillow writes only what has changed and joins frames that are the same.
"""

import struct
from collections.abc import Sequence

from service.artifact.arrays import Levels
from service.pictures.png import SIGNATURE, chunk, compressed, header

ENDLESS = 0  # plays
KEEP, REPLACE = 0, 0  # what becomes of a frame, and how the next is drawn over it
MILLISECONDS = 1000  # delays are fractions of a second


def encode_apng(frames: Sequence[Levels], frame_milliseconds: int) -> bytes:
    """One or more [H, W] frames -> an 8-bit greyscale APNG that plays them endlessly."""
    parts = [SIGNATURE, header(frames[0]), chunk(b"acTL", struct.pack(">II", len(frames), ENDLESS))]
    sequence = 0  # over all chunks that control or hold a frame
    for index, frame in enumerate(frames):
        parts.append(chunk(b"fcTL", _control(sequence, frame, frame_milliseconds)))
        sequence += 1
        if index == 0:  # what programs that know no animation show
            parts.append(chunk(b"IDAT", compressed(frame)))
        else:
            parts.append(chunk(b"fdAT", struct.pack(">I", sequence) + compressed(frame)))
            sequence += 1
    return b"".join((*parts, chunk(b"IEND", b"")))


def _control(sequence: int, frame: Levels, milliseconds: int) -> bytes:
    height, width = frame.shape
    place = (width, height, 0, 0)
    delay = (milliseconds, MILLISECONDS)
    return struct.pack(">IIIIIHHBB", sequence, *place, *delay, KEEP, REPLACE)
