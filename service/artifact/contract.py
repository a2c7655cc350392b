"""The contract between training and service: what an artifact version is, on disk and in memory.

`<repository>/<model>/<version>/` holds `manifest.json`, `model.pt` and `reference.npz`. `publish`
writes it and `load` verifies it; publishing loads what it wrote, so the two cannot drift apart.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from service.artifact.arrays import Doubles, Floats, Levels
from service.artifact.manifest import Manifest

MANIFEST_FILE = "manifest.json"
MODEL_FILE = "model.pt"
REFERENCE_FILE = "reference.npz"


class LatentModel(Protocol):
    """A network that a runtime runs. Both methods are deterministic and safe in any thread."""

    def encode(self, images: Floats) -> tuple[Floats, Floats]:
        """[B, 1, H, W] in 0..1 -> mean [B, D] and standard deviation [B, D] (0 for an AE)."""

    def decode(self, latents: Floats) -> Floats:
        """[B, D] -> [B, 1, H, W] in 0..1."""


@dataclass(frozen=True)
class Reference:
    """Held-out images in latent space: the dots of the map, and where data lives."""

    coordinates: Floats  # [N, D]
    labels: Levels  # [N], index into the dataset's class names
    thumbnails: Levels  # [N, H, W]

    @cached_property
    def axes(self) -> Doubles:
        """[D, N] coordinates, one dimension after the other, as a search reads them."""
        return np.ascontiguousarray(self.coordinates.T, dtype=np.float64)


@dataclass(frozen=True)
class Artifact:
    """A loaded and verified version. `digest` is the SHA-256 of its manifest, thus of all of it."""

    manifest: Manifest
    model: LatentModel
    reference: Reference
    digest: str
