"""Slow requests, for tests of what the server answers meanwhile."""

import itertools
from pathlib import Path

import torch
from torch import Tensor

from tests import tiny

# Settings for one place, and for grids that take about a second in it.
ONE_PLACE = {
    "ATLAS_INFERENCE_PLACES": "1",
    "ATLAS_MAX_TILES": str(256**2),
    "ATLAS_MAX_OUTPUT_PIXELS": str((256 * 28) ** 2),
}


NUMBERS = itertools.count()


def slow_grid(side: int = 128) -> str:
    """A query that is not cached yet. Takes some hundred milliseconds; a second with side 256."""
    return f"/grid?rows={side}&columns={side}&x_min={-4 - next(NUMBERS)}"


class Endless(tiny.TinyAutoencoder):
    """A model that never ends decoding a point with a coordinate above 900."""

    @torch.jit.export
    def decode(self, latents: Tensor) -> Tensor:
        while bool((latents > 900).any()):
            latents = latents.clamp(min=901.0)
        pixels = torch.sigmoid(self.decoder(latents))
        return pixels.reshape(-1, 1, self.height, self.width)


def publish_endless(repository: Path) -> Path:
    """Publish the model "vae" whose work never ends. Returns the repository."""
    model = Endless().eval()
    tiny.write(repository, model, programs={"model.pt": tiny.torchscript(model)})
    return repository


def endless_points(count: int = 65) -> dict[str, object]:
    """A body for /decode. From 65 points on it is computed in a place, else on the event loop."""
    return {"latents": [[999, 0]] * count}
