"""Long lists as JSON, written piece by piece.

Writing JSON holds the interpreter's lock. A million numbers at once would keep the event loop, and
so health, waiting for a tenth of a second. Between two pieces other threads get their turn.
"""

from collections.abc import Iterable

from pydantic_core import to_json

from service.artifact.arrays import Floats

PIECE = 4096  # numbers that are written in less than a millisecond


def items_json(items: Iterable[object]) -> bytes:
    """The items of a JSON list, without its brackets."""
    return b",".join([to_json(item) for item in items])


def numbers_json(array: Floats) -> bytes:
    """An array's numbers as the items of one flat list, in row-major order."""
    flat = array.ravel()
    pieces = (flat[start : start + PIECE] for start in range(0, flat.size, PIECE))
    return b",".join([to_json(piece.tolist())[1:-1] for piece in pieces])
