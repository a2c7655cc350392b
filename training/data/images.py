"""Labelled pictures, in memory or in a file, and what a run may see of them."""

import math
import mmap
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from service.artifact.arrays import Levels

Indices = npt.NDArray[np.intp]
CHUNK_BYTES = 2**24  # that are read at a time
# Pages of a mapped file count as this process's memory until it gives them back. To read a picture
# maps at least so much around it, on Linux.
MAPPED_BYTES = 2**28
AROUND_BYTES = 2**16


class Pictures(Protocol):
    """Levels [N, C, H, W] of pictures as models take them. A NumPy array is one, too."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __len__(self) -> int: ...

    def __getitem__(self, rows: slice | Indices, /) -> Levels: ...


class StoredPictures:
    """Some of the pictures in a file of levels, which is mapped into memory."""

    def __init__(self, path: Path, shape: tuple[int, int, int, int], rows: Indices) -> None:
        """`shape` is that of the whole file, `rows` are the chosen pictures."""
        with path.open("rb") as file:  # the map outlives it, and a newer file in its place
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._levels = np.frombuffer(self._map, np.uint8).reshape(shape)
        self._rows = rows
        self._mapped_bytes = 0  # at most

    @property
    def shape(self) -> tuple[int, ...]:
        return len(self._rows), *self._levels.shape[1:]

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, rows: slice | Indices, /) -> Levels:
        chosen: Levels = self._levels[self._rows[rows]]
        self._mapped_bytes += len(chosen) * max(AROUND_BYTES, self._levels[0].nbytes)
        if min(self._mapped_bytes, self._levels.nbytes) > MAPPED_BYTES and sys.platform != "win32":
            self._map.madvise(mmap.MADV_DONTNEED)
            self._mapped_bytes = 0
        return chosen


@dataclass(frozen=True)
class LabelledImages:
    """Pictures and their classes."""

    pixels: Pictures  # [N, C, H, W]
    labels: Levels  # [N], index into the class names


@dataclass(frozen=True)
class TrainingData:
    """What a run may see: of the held-out images, only how many there are."""

    name: str
    digest: str  # of `digest_of`
    class_names: tuple[str, ...]
    training: LabelledImages
    validation: LabelledImages
    held_out_count: int

    @property
    def image_shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        *_, height, width = self.training.pixels.shape
        return height, width


class Data(NamedTuple):
    """`held_out` is for evaluation alone."""

    training: TrainingData
    held_out: LabelledImages


def chunks(pictures: Pictures) -> Iterator[Levels]:
    """The pictures in order, a few megabytes at a time."""
    count = max(1, CHUNK_BYTES // math.prod(pictures.shape[1:]))
    for start in range(0, len(pictures), count):
        yield pictures[start : start + count]
