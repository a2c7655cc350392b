"""Unpacks the run-length encoding of a BMP (Microsoft's BI_RLE8 and BI_RLE4).

Pillow's decoder needs as many pixels as the picture has. Files may skip the end of a row, rows and
the end of the picture: there is the palette's first colour.
"""

import re
import struct

RLE8, RLE4 = 1, 2  # compressions
END_OF_ROW, END_OF_PICTURE, MOVE = 0, 1, 2
# Pairs of a count and a colour, up to the first count of 0.
PAIRS = re.compile(rb"(?:[^\x00].)*+", re.DOTALL)
# Where the header has the start of the pixels, its own size, width and height, and so on.
START, HEADER, SIZE, DEPTH, COMPRESSION, COLOURS = 10, 14, 18, 28, 30, 46
ONE_COLOUR = [bytes((colour,)) for colour in range(256)]
TWO_COLOURS = [bytes((two >> 4, two & 15)) for two in range(256)]
HEADER_BYTES = 40  # of the oldest header with a compression


def is_packed(content: bytes) -> bool:
    return _number(content, HEADER) >= HEADER_BYTES and _number(content, COMPRESSION) in (
        RLE8,
        RLE4,
    )


def size(content: bytes) -> tuple[int, int]:
    """Width and height as the header declares them."""
    width, height = struct.unpack_from("<ii", content, SIZE)
    return width, height


def unpacked(content: bytes) -> bytes:
    """The same BMP with 8 bits a pixel, without runs. Raises IndexError where the data end early.

    Takes as many bytes as the picture has pixels.
    """
    width, height = size(content)
    start, palette = _number(content, START), 14 + _number(content, HEADER)
    colours = _number(content, COLOURS) or 1 << content[DEPTH]
    more = bytes(4 * max(0, 3 - colours))  # Pillow takes 8 bits of two colours for 1 bit
    head = bytearray(content[:palette] + content[palette : palette + 4 * colours] + more)
    struct.pack_into("<I", head, START, len(head))
    struct.pack_into("<HI", head, DEPTH, 8, 0)
    struct.pack_into("<I", head, COLOURS, max(3, colours))
    rows = bytearray(height * _stride(width))
    _unpack(content, start, rows, width, _number(content, COMPRESSION) == RLE4)
    return bytes(head + rows)


def _number(content: bytes, place: int) -> int:
    return int.from_bytes(content[place : place + 4], "little")


def _stride(width: int) -> int:
    return (width + 3) // 4 * 4


def _unpack(content: bytes, offset: int, rows: bytearray, width: int, is_rle4: bool) -> None:
    stride = _stride(width)
    start = column = 0  # of a row, and in it
    while start < len(rows):
        pairs = PAIRS.match(content, offset)
        assert pairs is not None  # it also matches nothing
        # Every pair has a pixel, so no more of them fit into the row.
        colours = _runs(pairs[0][: 2 * (width - column)], is_rle4)[: width - column]
        rows[start + column : start + column + len(colours)] = colours
        column += len(colours)
        command, offset = content[pairs.end() + 1], pairs.end() + 2
        if command == END_OF_PICTURE:
            return
        if command == END_OF_ROW:
            start, column = start + stride, 0
        elif command == MOVE:
            column = min(width, column + content[offset])
            start += content[offset + 1] * stride
            offset += 2
        else:
            stored = (command + 1) // 2 if is_rle4 else command
            colours = content[offset : offset + stored]
            if is_rle4:
                colours = b"".join([TWO_COLOURS[colour] for colour in colours])
            if len(colours) < command:
                raise IndexError("the runs end early")
            colours = colours[: min(command, width - column)]
            rows[start + column : start + column + len(colours)] = colours
            column += len(colours)
            offset += stored + stored % 2


def _runs(pairs: bytes, is_rle4: bool) -> bytes:
    """The pixels of pairs of a count and a colour, or of two colours that take turns."""
    counts, colours = pairs[::2], pairs[1::2]
    if is_rle4:
        turns = zip(counts, colours, strict=True)
        return b"".join([(TWO_COLOURS[two] * 128)[:count] for count, two in turns])
    return b"".join([ONE_COLOUR[one] * count for count, one in zip(counts, colours, strict=True)])
