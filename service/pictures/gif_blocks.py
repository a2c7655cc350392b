"""Walks the blocks of a GIF (GIF89a): cuts out the first frame, and sees whether there are more."""

import struct
from typing import NamedTuple

from service.pictures.parts import MAX_PARTS, too_many_parts

SCREEN_BYTES = 13  # signature and logical screen descriptor
EXTENSION, IMAGE, TRAILER = b"!", b",", b";"
GRAPHIC_CONTROL, IS_TRANSPARENT = 0xF9, 0x01
HAS_COLOURS, COLOUR_BITS = 0x80, 0x07
DESCRIPTOR = struct.Struct("<HHHHB")
DESCRIPTOR_BYTES = 9


class Blocks(NamedTuple):
    """A GIF cut down to its first frame, where that frame lies, and whether more follow it."""

    content: bytes
    frame: tuple[int, int, int, int]  # left, top, right, bottom
    is_animated: bool


class _Walk:
    """A place in the content; `parts` counts what has been looked at."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.offset = SCREEN_BYTES
        self.parts = 0
        self.transparent: bytes | None = None  # a palette index

    def skip_colours(self, flags: int) -> None:
        if flags & HAS_COLOURS:
            self.offset += 3 << ((flags & COLOUR_BITS) + 1)

    def skip_data(self) -> None:
        """Skip sub-blocks up to the empty one, or to the end of the file."""
        content, offset = self.content, self.offset
        for parts in range(self.parts + 1, MAX_PARTS):
            if offset >= len(content) or not content[offset]:
                self.offset, self.parts = offset + 1, parts
                return
            offset += 1 + content[offset]
        raise too_many_parts()

    def find_image(self) -> bool:
        """Stop after the introducer of the next image; False at the end of the file."""
        while self.offset < len(self.content):
            kind = self.content[self.offset : self.offset + 1]
            self.offset += 1
            self.parts += 1
            if kind == IMAGE:
                return True
            if kind == TRAILER:
                return False
            if kind == EXTENSION:
                self._take_extension()
            if self.parts > MAX_PARTS:
                raise too_many_parts()
        return False

    def _take_extension(self) -> None:
        label, block = self.content[self.offset], self.content[self.offset + 1 : self.offset + 6]
        if label == GRAPHIC_CONTROL and len(block) == 5 and block[0] and block[1] & IS_TRANSPARENT:
            self.transparent = block[4:]
        self.offset += 1
        self.skip_data()


def walk(content: bytes) -> Blocks:
    """Raises ValueError or IndexError where the first frame is missing or cut."""
    walk = _Walk(content)
    walk.skip_colours(content[10])
    screen = content[: walk.offset]
    if not walk.find_image():
        raise ValueError("no frame")
    start, transparent = walk.offset, walk.transparent
    left, top, width, height, flags = DESCRIPTOR.unpack_from(content, start)
    walk.offset += DESCRIPTOR_BYTES
    walk.skip_colours(flags)
    walk.offset += 1  # the size of the first codes
    walk.skip_data()
    control = b""
    if transparent is not None:
        control = b"!\xf9\x04\x01\0\0" + transparent + b"\0"
    frame = b"".join((screen, control, IMAGE, content[start : walk.offset], TRAILER))
    box = (left, top, left + width, top + height)
    return Blocks(frame, box, walk.find_image())
