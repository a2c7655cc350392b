"""Prints what loses in realism: the pictures of artifacts, and the same pictures made worse.

Run with `python -m tests.benchmarks.realism service/model_repository/vae/1 --data FOLDER`. Each
entry is the score and, in brackets, precision and coverage.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from service.artifact.load import load_artifact
from training.data.loading import find_source, prepare
from training.data.split import section_of, split
from training.network import Network, PublishedNetwork, encode_means
from training.realism import Realism, compute_realism


def unchanged(pictures: Tensor) -> Tensor:
    return pictures


def blurred(pictures: Tensor, sigma: float = 1.0) -> Tensor:
    """Pictures [N, 1, H, W] under a Gaussian of `sigma` pixels."""
    reach = round(4 * sigma)
    weights = torch.exp(-(torch.arange(-reach, reach + 1.0) ** 2) / (2 * sigma**2))
    weights /= weights.sum()
    rows = functional.conv2d(pictures, weights.view(1, 1, -1, 1), padding=(reach, 0))
    return functional.conv2d(rows, weights.view(1, 1, 1, -1), padding=(0, reach))


def noisy(pictures: Tensor) -> Tensor:
    noise = torch.randn(pictures.shape, generator=torch.Generator().manual_seed(0))
    return (pictures + 0.1 * noise).clamp(0, 1)


def oversharpened(pictures: Tensor) -> Tensor:
    return (pictures + 8 * (pictures - blurred(pictures))).clamp(0, 1)


CHANGES: dict[str, Callable[[Tensor], Tensor]] = {
    "as decoded": unchanged,
    "blurred, sigma 1": blurred,
    "blurred, sigma 2": lambda pictures: blurred(pictures, 2.0),
    "noise of 0.1": noisy,
    "sharpened too much": oversharpened,
    "half the contrast": lambda pictures: pictures / 2,
    "their mean": lambda pictures: pictures.mean(dim=0, keepdim=True).expand_as(pictures),
}


@dataclass(frozen=True)
class Changed:
    """A network whose decoded pictures are changed."""

    network: Network
    change: Callable[[Tensor], Tensor]

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        return self.network.encode(images)

    def decode(self, latents: Tensor) -> Tensor:
        return self.change(self.network.decode(latents))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("artifacts", nargs="+", type=Path)
    parser.add_argument("--data", "--data-dir", type=Path, required=True)
    arguments = parser.parse_args()
    source = find_source(arguments.data)
    sys.stdout.write(f"{'':34}{'midway':>16}{'grid':>16}{'held-out':>16}\n")
    for folder in arguments.artifacts:
        manifest, network = (artifact := load_artifact(folder)).manifest, PublishedNetwork(artifact)
        seed, section = manifest.training.seed, section_of(manifest.dataset)
        data, held_out = split(prepare(source, section, manifest.image), section, seed)
        codes = encode_means(network, held_out.pixels)
        for label, change in CHANGES.items():
            scores = compute_realism(Changed(network, change), data.training, held_out, codes, seed)
            if scores is not None:
                shown = map(_show, (scores.midway, scores.grid, scores.held_out))
                sys.stdout.write(f"{manifest.name + ', ' + label:34}{''.join(shown)}\n")


def _show(part: Realism | None) -> str:
    if part is None:
        return f"{'-':>16}"
    return f"{part.score:6.0f} ({part.precision:2.0f}, {part.coverage:2.0f})"


if __name__ == "__main__":
    main()
