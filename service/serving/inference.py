"""Runs models: arrays in, finite arrays out. No other module calls a model for a request."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from service.artifact.arrays import Floats, Levels
from service.artifact.contract import Artifact
from service.artifact.errors import ModelUnreadable, one_line
from service.latent.support import in_support
from service.serving.executor import stop_if_unwanted
from service.serving.work import Unanswerable

Scalar = TypeVar("Scalar", bound=np.generic)

# Large requests run in blocks. Memory stays flat, and a block still fills the matrix kernels.
BLOCK = 512
# TorchScript specialises in the first calls of each method. These sizes cover all cases.
WARM_UP_SIZES = (1, 1, 2, 16, 64, BLOCK, 1)

NOT_FINITE = "the model has no finite answer for this"
NO_DEVIATION = "the model's standard deviation for this is negative or not finite"


class Encoding(NamedTuple):
    """Where images lie in latent space."""

    mean: Floats  # [B, D]
    standard_deviation: Floats  # [B, D]
    in_support: npt.NDArray[np.bool_]  # [B]


class Reconstruction(NamedTuple):
    """Where images lie, and what the model makes of them there."""

    mean: Floats  # [B, D]
    standard_deviation: Floats  # [B, D]
    in_support: npt.NDArray[np.bool_]  # [B]
    pixels: Floats  # [B, H, W] in 0..1, decoded from the mean


def encode(artifact: Artifact, images: Floats) -> Encoding:
    """[B, H, W] in 0..1 -> where they lie in latent space.

    Raises Unanswerable if a result is not finite, or a deviation negative.
    """
    blocks = []
    for start in range(0, len(images), BLOCK):
        stop_if_unwanted()
        blocks.append(artifact.model.encode(images[start : start + BLOCK, None]))
    means, deviations = (_joined(parts) for parts in zip(*blocks, strict=True))
    if not _is_finite(means):
        raise _first_wrong(NOT_FINITE, np.isfinite(means))
    if not (_is_finite(deviations) and deviations.min() >= 0):
        raise _first_wrong(NO_DEVIATION, (deviations >= 0) & (deviations < np.inf))
    return Encoding(means, deviations, in_support(artifact, means))


def decode(artifact: Artifact, latents: Floats) -> tuple[Floats]:
    """[B, D] latent points -> [B, H, W] pixels in 0..1. Raises Unanswerable if not finite."""
    return (_joined(list(_decode_blocks(artifact, latents))),)


def decode_levels(artifact: Artifact, latents: Floats) -> tuple[Levels]:
    """[B, D] latent points -> [B, H, W] grey levels, rounded. Raises as `decode`."""
    return (_joined([_levels(block) for block in _decode_blocks(artifact, latents)]),)


def reconstruct(artifact: Artifact, images: Floats) -> Reconstruction:
    """[B, H, W] in 0..1 -> where they lie, and the pictures there. Raises as both do."""
    encoding = encode(artifact, images)
    return Reconstruction(*encoding, *decode(artifact, encoding.mean))


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


def _decode_blocks(artifact: Artifact, latents: Floats) -> Iterator[Floats]:
    for start in range(0, len(latents), BLOCK):
        stop_if_unwanted()
        pixels = artifact.model.decode(latents[start : start + BLOCK])[:, 0]
        if not _is_finite(pixels):
            raise _first_wrong(NOT_FINITE, np.isfinite(pixels), start)
        yield pixels


def _levels(pixels: Floats) -> Levels:
    scaled: Floats = pixels * np.float32(255)
    np.rint(scaled, out=scaled)
    return scaled.astype(np.uint8)


def _joined(blocks: Sequence[npt.NDArray[Scalar]]) -> npt.NDArray[Scalar]:
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)


def _is_finite(values: Floats) -> bool:
    """A sum of squares is finite if all values are, and costs a fifth of asking each."""
    return math.isfinite(np.vdot(values, values)) or bool(np.isfinite(values).all())


def _first_wrong(detail: str, is_right: npt.NDArray[np.bool_], offset: int = 0) -> Unanswerable:
    rows = is_right.reshape(len(is_right), -1).all(axis=1)
    return Unanswerable(detail, offset + int(np.argmin(rows)))
