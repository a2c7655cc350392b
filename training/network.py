"""An autoencoder as evaluation, measures and reports see it: `encode` and `decode`."""

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from service.artifact.arrays import Levels
from service.artifact.contract import Artifact
from training.data.images import Pictures

BATCH_SIZE = 1000  # images; bounds memory, changes no result


class Network(Protocol):
    """Both methods are deterministic. training.models.Autoencoder is one."""

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """[B, C, H, W] in 0..1 -> mean [B, D] and standard deviation [B, D] (0 for an AE)."""

    def decode(self, latents: Tensor) -> Tensor:
        """[B, D] -> [B, C, H, W] in 0..1."""


class PublishedNetwork:
    """The network of an artifact. Its runtime takes and returns numpy arrays."""

    def __init__(self, artifact: Artifact) -> None:
        self._model = artifact.model

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        mean, deviation = self._model.encode(images.numpy())
        return torch.from_numpy(mean), torch.from_numpy(deviation)

    def decode(self, latents: Tensor) -> Tensor:
        return torch.from_numpy(self._model.decode(latents.numpy()))


@torch.inference_mode()
def encode_levels(network: Network, levels: Pictures) -> tuple[Tensor, Tensor]:
    """Levels [N, C, H, W] -> mean [N, D] and standard deviation [N, D]."""
    means, deviations = zip(*map(network.encode, image_batches(levels)), strict=True)
    return torch.cat(means), torch.cat(deviations)


def encode_means(network: Network, levels: Pictures) -> Tensor:
    """Levels [N, C, H, W] -> mean [N, D]."""
    return encode_levels(network, levels)[0]


@torch.inference_mode()
def decode_levels(network: Network, latents: Tensor) -> Levels:
    """Latent points [N, D] -> levels [N, C, H, W], rounded to the nearest."""
    return (network.decode(latents) * 255).round().to(torch.uint8).numpy()


def image_batches(levels: Pictures) -> Iterator[Tensor]:
    """Levels [N, C, H, W] as images [B, C, H, W] in 0..1, BATCH_SIZE at a time."""
    for start in range(0, len(levels), BATCH_SIZE):
        yield as_images(levels[start : start + BATCH_SIZE])


def as_images(levels: Levels) -> Tensor:
    """Levels [N, C, H, W] -> images [N, C, H, W] in 0..1."""
    return torch.from_numpy(levels.astype(np.float32) / np.float32(255))
