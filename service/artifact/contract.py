"""The contract between training and service: an artifact version, on disk and in memory.

`<repository>/<model>/<version>/` holds `manifest.json`, `model.pt` and `reference.npz`. `publish`
writes a version and `load` verifies it. `publish` loads what it wrote, so the two always agree.
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
    """A network in its runtime. Both methods are deterministic and thread-safe."""

    def encode(self, images: Floats) -> tuple[Floats, Floats]:
        """[B, 1, H, W] in 0..1 -> mean [B, D] and standard deviation [B, D] (0 for an AE)."""

    def decode(self, latents: Floats) -> Floats:
        """[B, D] -> [B, 1, H, W] in 0..1."""


@dataclass(frozen=True)
class Reference:
    """Held-out images in latent space: the dots on the map. They show where data lies."""

    coordinates: Floats  # [N, D]
    labels: Levels  # [N], index into the dataset's class names
    thumbnails: Levels  # [N, H, W]

    @cached_property
    def axes(self) -> Doubles:
        """[D, N] coordinates, contiguous in each dimension for fast search."""
        return np.ascontiguousarray(self.coordinates.T, dtype=np.float64)


@dataclass(frozen=True)
class Artifact:
    """A loaded and verified version. `digest` is the SHA-256 of the manifest, which covers all."""

    manifest: Manifest
    model: LatentModel
    reference: Reference
    digest: str
