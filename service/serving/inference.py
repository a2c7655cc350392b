"""Runs models: arrays in, finite arrays out. No other module calls a model for a request."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from service.artifact.arrays import Floats, Levels
from service.artifact.contract import Artifact
from service.artifact.errors import ModelUnreadable, one_line
from service.errors import Invalid
from service.serving.executor import stop_if_unwanted

Scalar = TypeVar("Scalar", bound=np.generic)

# Large requests run in blocks. Memory stays flat, and a block still fills the matrix kernels.
BLOCK = 512
# TorchScript specialises in the first calls of each method. These sizes cover all cases.
WARM_UP_SIZES = (1, 1, 2, 16, 64, BLOCK, 1)

NOT_FINITE = "the model has no finite answer for this"
NO_DEVIATION = "the model's standard deviation for this is negative or not finite"


@dataclass(frozen=True)
class Encoding:
    """The latent distribution of each image: two [B, D] arrays."""

    mean: Floats
    standard_deviation: Floats


def encode(artifact: Artifact, images: Floats, pointer: str = "/body/images") -> Encoding:
    """[B, H, W] in 0..1 -> latent means and standard deviations.

    Raises Invalid if a result is not finite, or a deviation negative. `pointer` locates the images
    in the request.
    """
    starts = range(0, len(images), BLOCK)
    blocks = []
    for start in starts:
        stop_if_unwanted()
        blocks.append(artifact.model.encode(images[start : start + BLOCK, None]))
    means, deviations = (_joined(parts) for parts in zip(*blocks, strict=True))
    _check(np.isfinite(means), NOT_FINITE, pointer)
    _check((deviations >= 0) & (deviations < np.inf), NO_DEVIATION, pointer)
    return Encoding(means, deviations)


def decode(artifact: Artifact, latents: Floats, pointer: str | None = "/body/latents") -> Floats:
    """[B, D] latent points -> [B, H, W] pixels in 0..1.

    Raises Invalid if a result is not finite. `pointer` locates the points in the request, if it
    lists them.
    """
    return _joined(list(_decode_blocks(artifact, latents, pointer)))


def decode_levels(
    artifact: Artifact, latents: Floats, pointer: str | None = "/body/latents"
) -> Levels:
    """[B, D] latent points -> [B, H, W] grey levels, rounded. Raises as `decode`."""
    return _joined([_levels(block) for block in _decode_blocks(artifact, latents, pointer)])


def warm_up(artifact: Artifact) -> None:
    """Call both methods until TorchScript has specialised them, so that no request waits for it.

    ONNX Runtime has nothing to specialise. Raises ModelUnreadable if they fail for any batch size.
    """
    if artifact.runtime != "torchscript":
        return
    image = artifact.manifest.image
    try:
        for size in WARM_UP_SIZES:
            encode(artifact, np.zeros((size, image.height, image.width), np.float32))
            decode(artifact, np.zeros((size, artifact.manifest.latent_dim), np.float32))
    except Exception as exc:  # the model's code can raise anything
        raise ModelUnreadable(f"the model fails on a batch of {size}: {one_line(exc)}") from exc


def _decode_blocks(artifact: Artifact, latents: Floats, pointer: str | None) -> Iterator[Floats]:
    for start in range(0, len(latents), BLOCK):
        stop_if_unwanted()
        pixels = artifact.model.decode(latents[start : start + BLOCK])[:, 0]
        _check(np.isfinite(pixels), NOT_FINITE, pointer, start)
        yield pixels


def _levels(pixels: Floats) -> Levels:
    scaled: Floats = pixels * np.float32(255)
    np.rint(scaled, out=scaled)
    return scaled.astype(np.uint8)


def _joined(blocks: Sequence[npt.NDArray[Scalar]]) -> npt.NDArray[Scalar]:
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)


def _check(
    is_good: npt.NDArray[np.bool_], otherwise: str, pointer: str | None, offset: int = 0
) -> None:
    if is_good.all():
        return
    index = offset + int(np.argmin(is_good.reshape(len(is_good), -1).all(axis=1)))
    element = None if pointer is None else f"{pointer}/{index}"
    raise Invalid(otherwise, element)
