"""Arrays in files, read in chunks: their type and shape are known before any value is read."""

import contextlib
import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from training.data.images import CHUNK_BYTES
from training.errors import DataError

Values = npt.NDArray[Any]
MAX_BYTES = 2**36  # unpacked
MAX_ROWS = 2**24


@dataclass(frozen=True)
class StoredArray:
    """An array [N, ...] in a file. `name` is its key or its file's name, `place` says both.

    Raises DataError if it is too large.
    """

    name: str
    place: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    open: Callable[[], AbstractContextManager[BinaryIO]]  # at the first value
    is_fortran: bool = False  # stored column by column
    ends: bool = False  # nothing may follow the values

    def __post_init__(self) -> None:
        """Refuse by the declared shape what would not fit into memory or on the disk."""
        if (size := self.dtype.itemsize * math.prod(self.shape)) > MAX_BYTES:
            raise DataError(
                f"{self.place}: expected at most {MAX_BYTES:,} bytes unpacked, "
                f"found {size:,} for {self.shape}"
            )
        if self.shape and self.shape[0] > MAX_ROWS:
            raise DataError(
                f"{self.place}: expected at most {MAX_ROWS:,} rows, found {self.shape[0]:,}"
            )

    def chunks(self) -> Iterator[Values]:
        """The values in order, a few megabytes at a time. Raises DataError."""
        row = self.dtype.itemsize * math.prod(self.shape[1:])
        whole = self.is_fortran or row == 0
        count = len(self) if whole else max(1, CHUNK_BYTES // row)
        with self._opened() as file:
            for start in range(0, len(self), count):
                rows = min(count, len(self) - start)
                content = _read(file, rows * row)
                if len(content) != rows * row:
                    raise DataError(
                        f"{self.place}: expected {len(self) * row:,} bytes for {self.shape}, "
                        f"found {start * row + len(content):,}"
                    )
                if self.is_fortran:
                    yield np.frombuffer(content, self.dtype).reshape(self.shape[::-1]).T
                else:
                    yield np.frombuffer(content, self.dtype).reshape(rows, *self.shape[1:])
            if self.ends and file.read(1):  # at the end, gzip checks the CRC-32
                raise DataError(
                    f"{self.place}: expected {len(self) * row:,} bytes for {self.shape}, found more"
                )

    def whole(self) -> Values:
        """All values. Raises DataError."""
        return np.concatenate([np.empty((0, *self.shape[1:]), self.dtype), *self.chunks()])

    def __len__(self) -> int:
        return self.shape[0]

    @contextlib.contextmanager
    def _opened(self) -> Iterator[BinaryIO]:
        """The file at its first value."""
        try:
            with self.open() as file:
                yield file
        except DataError:
            raise
        except Exception as exc:  # on damaged bytes, gzip and zipfile raise many kinds of errors
            raise DataError(f"{self.place}: expected an intact file, found: {exc}") from exc


def _read(file: BinaryIO, size: int) -> bytes:
    """`size` bytes, fewer at the end of the file."""
    parts = list[bytes]()
    while size > 0 and (part := file.read(size)):
        parts.append(part)
        size -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
