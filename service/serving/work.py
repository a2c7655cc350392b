"""A checked request, ready to be computed."""

from collections.abc import Callable
from typing import Generic, Literal, NamedTuple, TypeVar

from service.artifact.contract import Artifact

Result = TypeVar("Result")
ItemKind = Literal["images", "latents", "tiles"]

# This much work takes about a millisecond. Handing it to a thread and back would cost a good part
# of that, so it is computed on the event loop.
SMALL_IMAGES = 8
SMALL_BYTES = 64 * 1024  # of a body; the pipeline sees to it
SMALL_TILES = 64
SMALL_PIXELS = SMALL_TILES * 28 * 28


class Work(NamedTuple, Generic[Result]):
    """What computes an answer, from which artifact, and how much it is.

    `key` is the answer's entity tag, where the answer depends on nothing but the artifact and the
    request's address, so that it can be kept.
    """

    artifact: Artifact
    compute: Callable[[], Result]
    is_small: bool
    kind: ItemKind
    items: int
    key: str | None = None


def is_small_drawing(artifact: Artifact, tiles: int, scale: int = 1) -> bool:
    """Whether the event loop can draw so many tiles: there are few, none larger than usual."""
    image, drawn = artifact.manifest.image, tiles * scale**2
    return drawn <= SMALL_TILES and drawn * image.height * image.width <= SMALL_PIXELS
