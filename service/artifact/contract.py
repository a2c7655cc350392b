"""The contract between training and service: an artifact version, on disk and in memory.

`<repository>/<model>/<version>/` holds `manifest.json`, `reference.npz` and the model's programs:
`model.pt`, or `encode.onnx` and `decode.onnx`, or all three. `publish` writes a version and `load`
verifies it. `publish` loads what it wrote, so the two always agree.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Protocol

import numpy as np

from service.artifact.arrays import Doubles, Floats, Levels
from service.artifact.manifest import Manifest

RuntimeName = Literal["torchscript", "onnx"]

MANIFEST_FILE = "manifest.json"
MODEL_FILE = "model.pt"
ENCODER_FILE = "encode.onnx"
DECODER_FILE = "decode.onnx"
REFERENCE_FILE = "reference.npz"
# What each runtime needs of a version.
PROGRAM_FILES: Mapping[RuntimeName, tuple[str, ...]] = {
    "torchscript": (MODEL_FILE,),
    "onnx": (ENCODER_FILE, DECODER_FILE),
}


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

    @cached_property
    def single_axes(self) -> Floats:
        """`axes` in single precision, in which the coordinates are exact too."""
        return np.ascontiguousarray(self.coordinates.T)


@dataclass(frozen=True)
class Artifact:
    """A loaded and verified version.

    `digest` is the SHA-256 of the manifest, which covers all. `is_batch_invariant` says that a
    row's result does not depend on its batch, in this runtime, on this machine.
    """

    manifest: Manifest
    model: LatentModel
    reference: Reference
    digest: str
    runtime: RuntimeName
    is_batch_invariant: bool
