"""What training measures: a network in PyTorch, fitted here or loaded from an artifact."""

from typing import Protocol

import torch
from torch import Tensor

from service.artifact.contract import Artifact


class Network(Protocol):
    """An autoencoder that speaks tensors; both methods are deterministic."""

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """[B, 1, H, W] in 0..1 -> mean [B, D] and standard deviation [B, D] (0 for an AE)."""

    def decode(self, latents: Tensor) -> Tensor:
        """[B, D] -> [B, 1, H, W] in 0..1."""


class PublishedNetwork:
    """The network of an artifact, whose runtime speaks numpy."""

    def __init__(self, artifact: Artifact) -> None:
        self._model = artifact.model

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """See Network."""
        mean, deviation = self._model.encode(images.numpy())
        return torch.from_numpy(mean), torch.from_numpy(deviation)

    def decode(self, latents: Tensor) -> Tensor:
        """See Network."""
        return torch.from_numpy(self._model.decode(latents.numpy()))
