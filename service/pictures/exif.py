"""Reads the orientation from Exif metadata (CIPA DC-008), and nothing else.

Pillow would read every entry with the data it points to: a few kilobytes can point to the same
data thousands of times.
"""

import struct

from PIL.Image import Transpose

PREFIX = b"Exif\0\0"
BYTE_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
ENTRY_BYTES = 12
ORIENTATION, SHORT, LONG = 0x0112, 3, 4
UPRIGHT = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}


def orientation(exif: bytes) -> int:
    """1 to 8; 1, as stored, if the metadata do not say or are damaged."""
    tiff = exif.removeprefix(PREFIX)
    order = BYTE_ORDERS.get(tiff[:4])
    if order is None or len(tiff) < 8:
        return 1
    start = struct.unpack_from(f"{order}I", tiff, 4)[0]
    count = int.from_bytes(tiff[start : start + 2], "little" if order == "<" else "big")
    entries = tiff[start + 2 : start + 2 + count * ENTRY_BYTES]
    whole = len(entries) // ENTRY_BYTES * ENTRY_BYTES
    for tag, kind, values, value in struct.iter_unpack(f"{order}HHI4s", entries[:whole]):
        if tag == ORIENTATION and kind in (SHORT, LONG) and values == 1:
            found: int = struct.unpack_from(order + ("H" if kind == SHORT else "I"), value)[0]
            return found if found in UPRIGHT else 1
    return 1
