"""Reads IDX files, the format of MNIST and Fashion-MNIST, packed by gzip or not.

IDX (http://yann.lecun.com/exdb/mnist) is a big-endian header of magic number and sizes, then bytes.
"""

import contextlib
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from training.data.stored import StoredArray
from training.errors import DataError

UNSIGNED_BYTES = 0x800  # plus the number of dimensions is the magic number
TYPES = (b"\x08", b"\x09", b"\x0b", b"\x0c", b"\x0d", b"\x0e")
GZIP_MAGIC = b"\x1f\x8b"
MAX_DIMENSIONS = 4


def stored_idx(path: Path) -> StoredArray:
    """The array in an IDX file. Raises DataError, which names the file."""
    try:
        with _unpacked(path) as file:
            magic = int.from_bytes(file.read(4))
            if not UNSIGNED_BYTES < magic <= UNSIGNED_BYTES + MAX_DIMENSIONS:
                raise DataError(
                    f"{path}: expected magic number {UNSIGNED_BYTES + 1:#x} (labels) or "
                    f"{UNSIGNED_BYTES + 3:#x} (pictures), found {magic:#x}"
                )
            dimensions = magic - UNSIGNED_BYTES
            sizes = file.read(4 * dimensions)
    except (OSError, EOFError, zlib.error) as exc:  # BadGzipFile is an OSError
        raise DataError(f"{path}: expected an intact IDX file, found: {exc}") from exc
    shape = tuple(np.frombuffer(sizes.ljust(4 * dimensions, b"\0"), ">u4").tolist())
    if min(shape) < 1:
        raise DataError(f"{path}: expected at least one entry, found {shape}")
    return StoredArray(
        name=path.name,
        place=str(path),
        shape=shape,
        dtype=np.dtype(np.uint8),
        open=lambda: _unpacked(path, skip=4 + 4 * dimensions),
        ends=True,
    )


def header_of(shape: tuple[int, ...]) -> bytes:
    """The header of a file of unsigned bytes of this shape."""
    return np.array([UNSIGNED_BYTES + len(shape), *shape], ">u4").tobytes()


def is_idx(head: bytes) -> bool:
    """Whether a file begins as an IDX file, unpacked."""
    has_type = len(head) >= 4 and head[:2] == b"\0\0" and head[2:3] in TYPES
    return has_type and 1 <= head[3] <= MAX_DIMENSIONS


@contextlib.contextmanager
def _unpacked(path: Path, skip: int = 0) -> Iterator[BinaryIO]:
    with path.open("rb") as file:
        is_packed = file.read(2) == GZIP_MAGIC
        file.seek(0)
        with gzip.GzipFile(fileobj=file) if is_packed else contextlib.nullcontext(file) as content:
            content.read(skip)
            yield content  # type: ignore[misc]
