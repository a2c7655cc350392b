"""A checked request, ready to be computed, as data: the executor or the gatherer computes it."""

from collections.abc import Callable
from typing import Any, Generic, Literal, NamedTuple, TypeVar

import numpy.typing as npt

from service.artifact.arrays import Floats
from service.artifact.contract import Artifact
from service.errors import Invalid

Result = TypeVar("Result")
ItemKind = Literal["images", "latents", "tiles"]
# What a model computes of rows [B, ...]: arrays whose row b follows from row b alone. Raises
# Unanswerable. `inference.encode` is one.
Program = Callable[[Artifact, Floats], tuple[npt.NDArray[Any], ...]]

# So many make work of size 1, which takes about a millisecond. Handing it to a thread and back
# would cost a good part of that, so up to this size it is computed on the event loop.
IMAGES = 8
TILES = 64
TILE_PIXELS = 28 * 28
TEXT_POINTS = 4096  # that are written as text
LARGE = float("inf")
SMALL_BYTES = 64 * 1024  # of a body; the pipeline sees to it


class Unanswerable(Exception):
    """The model has no valid answer for the row with this index."""

    def __init__(self, detail: str, index: int) -> None:
        super().__init__(detail)
        self.index = index


class Batch(NamedTuple, Generic[Result]):
    """The rows of one request, their program, and what makes the answer of its results.

    `pointer` is where the request lists the rows, if it does: `/body/latents`.
    """

    program: Program
    rows: Floats  # [B, ...]
    finish: Callable[..., Result]  # takes the arrays that the program returns
    pointer: str | None

    def compute(self, artifact: Artifact) -> Result:
        """The answer, computed for this request alone. Raises Invalid."""
        try:
            results = self.program(artifact, self.rows)
        except Unanswerable as exc:
            row = None if self.pointer is None else f"{self.pointer}/{exc.index}"
            raise Invalid(str(exc), row) from exc
        return self.finish(*results)


class Work(NamedTuple, Generic[Result]):
    """What computes an answer, by which artifact, and how much work it is.

    `prepare` reads what the request holds. It returns what the model computes, or the answer itself
    if that takes no model, and raises RequestError. `key` is the answer's entity tag, where the
    answer depends on nothing but the artifact and the request's address, so that it can be kept.
    """

    artifact: Artifact
    prepare: Callable[[], Batch[Result] | Result]
    size: float
    kind: ItemKind
    items: int
    key: str | None = None

    @property
    def is_small(self) -> bool:
        return self.size <= 1

    def compute(self) -> Result:
        """The answer, computed for this request alone. Raises RequestError."""
        prepared = self.prepare()
        return prepared.compute(self.artifact) if isinstance(prepared, Batch) else prepared


def size_of_drawing(artifact: Artifact, tiles: int, scale: int = 1) -> float:
    """The size of work that draws so many pictures of the model."""
    image = artifact.manifest.image
    relative = image.height * image.width / TILE_PIXELS
    return tiles * scale**2 * max(1, relative) / TILES
