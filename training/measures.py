"""Measures that tell one latent space from another, each with a sentence in plain words.

docs/training.md says what they show and what they do not.
"""

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.manifold import trustworthiness
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors
from torch import Tensor

from service.artifact.contract import Reference
from service.artifact.manifest import Measure
from training.arrays import Doubles, Floats
from training.datasets import LabelledImages
from training.figures import GRID_BOUND, GRID_SIDE, grid_points
from training.losses import kl_from_deviation, reconstruction_from_pixels
from training.midway_realism import compute_midway_realism
from training.network import BATCH_SIZE, Network, as_images, encode_levels, encode_means

logger = logging.getLogger(__name__)

# Odd, against ties of two. More gains nothing with the embedded models; 1 or 5 follow noise.
NEIGHBOURS = 15
# Trustworthiness compares all pairs, hence the sample.
TRUST_SAMPLE = 2000
TRUST_NEIGHBOURS = 10
COVERAGE_SIDE = 200  # lattice points per side: 0.04 apart, a fraction of the support distance
SPREAD_SIDE = 40  # cells per side: 0.2 wide, half a step of the grid
NORMAL_SPREAD = 0.068  # of the square for half of a normal distribution: pi * 2 ln 2 / 64
ABRUPT_SHARE = 0.05  # of the grid's borders


@dataclass(frozen=True)
class Space:
    """A network, the images it was fitted to, and images it never saw."""

    network: Network
    training: LabelledImages
    held_out: LabelledImages
    reference: Reference
    support_distance: float
    seed: int


def compute_measures(space: Space) -> list[Measure]:
    """All measures that the space allows: some need a plane, others enough images or classes.

    The same seed gives the same values. Takes some ten seconds for Fashion-MNIST.
    """
    start = time.perf_counter()
    codes, deviations = encode_levels(space.network, space.held_out.pixels)
    measures = [
        *_reconstruction_and_kl(space, codes, deviations),
        *_neighbourhoods(space, codes.numpy()),
        *(_plane(space, codes.numpy()) if codes.shape[1] == 2 else ()),
        *_midpoints(space, codes),
    ]
    logger.info("computed %d measures in %.1f s", len(measures), time.perf_counter() - start)
    return measures


def _reconstruction_and_kl(space: Space, codes: Tensor, deviations: Tensor) -> Iterator[Measure]:
    reconstruction = _mean_reconstruction(space, codes)
    yield Measure(
        name="reconstruction",
        value=reconstruction,
        unit="nats per image",
        better="lower",
        sentence=f"On average, the reconstruction of a held-out picture is {reconstruction:.1f} "
        "nats (a unit of surprise) away from the original; less is closer.",
    )
    if deviations.any():
        kl = kl_from_deviation(codes, deviations).item()
        places = float(f"{np.exp(min(kl, 50)):.2g}")  # two digits, for 'about'
        yield Measure(
            name="kl",
            value=kl,
            unit="nats per image",
            better="neither",
            sentence=f"The place of a picture carries {kl:.1f} nats of information, enough to "
            f"tell about {places:,.0f} places apart.",
        )


@torch.inference_mode()
def _mean_reconstruction(space: Space, codes: Tensor) -> float:
    total = 0.0
    for start in range(0, len(codes), BATCH_SIZE):
        part = slice(start, start + BATCH_SIZE)
        images = as_images(space.held_out.pixels[part])
        decoded = space.network.decode(codes[part])
        total += reconstruction_from_pixels(decoded, images).item() * len(images)
    return total / len(codes)


def _neighbourhoods(space: Space, codes: Floats) -> Iterator[Measure]:
    where = "plane" if codes.shape[1] == 2 else "latent space"
    neighbours = min(NEIGHBOURS, len(space.training.labels))
    classifier = KNeighborsClassifier(neighbours)
    classifier.fit(encode_means(space.network, space.training.pixels), space.training.labels)
    accuracy = 100 * float(classifier.score(codes, space.held_out.labels))
    yield Measure(
        name="knn_accuracy",
        value=accuracy,
        unit="%",
        better="higher",
        sentence=f"The {neighbours} training pictures nearest in the {where} predict the right "
        f"class for {accuracy:.0f} of 100 held-out pictures.",
    )
    order = torch.randperm(len(codes), generator=torch.Generator().manual_seed(space.seed))
    sample = order[:TRUST_SAMPLE].numpy()
    if len(sample) <= 2 * TRUST_NEIGHBOURS:  # the measure is not defined
        return
    pixels = space.held_out.pixels[sample].reshape(len(sample), -1) / np.float32(255)
    # Venna & Kaski 2001, "Neighborhood preservation in nonlinear projection methods".
    trust = float(trustworthiness(pixels, codes[sample], n_neighbors=TRUST_NEIGHBOURS))
    yield Measure(
        name="trustworthiness",
        value=trust,
        unit="of 1",
        better="higher",
        sentence=f"Whether neighbours in the {where} also look alike: {trust:.3f}, where 1 is "
        "always and 0.5 is chance.",
    )


def _plane(space: Space, codes: Floats) -> Iterator[Measure]:
    coverage = 100 * _coverage(space)
    yield Measure(
        name="coverage",
        value=coverage,
        unit="%",
        better="neither",
        sentence=f"{coverage:.0f} % of the square from -4 to 4 lies near held-out pictures; no "
        "real picture lies near the rest.",
    )
    if (share := _spread(codes)) is not None:
        spread = 100 * share
        yield Measure(
            name="spread",
            value=spread,
            unit="%",
            better="neither",
            sentence=f"Half of the held-out pictures lie on {spread:.1f} % of the square from -4 "
            f"to 4; in a normal distribution they would take {100 * NORMAL_SPREAD:.1f} %.",
        )
    changes = _border_changes(space.network)
    smoothness = float(changes.mean())
    yield Measure(
        name="smoothness",
        value=smoothness,
        unit="grey levels",
        better="lower",
        sentence=f"From one picture of the {GRID_SIDE} x {GRID_SIDE} grid to the next, a pixel "
        f"changes by {smoothness:.1f} of 255 grey levels on average; less is smoother.",
    )
    abrupt_count = max(1, round(ABRUPT_SHARE * len(changes)))
    abruptness = float(np.sort(changes)[-abrupt_count:].mean())
    yield Measure(
        name="abruptness",
        value=abruptness,
        unit="grey levels",
        better="lower",
        sentence="Across the most abrupt 5 % of the grid's borders, a pixel changes by "
        f"{abruptness:.1f} of 255 grey levels on average.",
    )


def _midpoints(space: Space, codes: Tensor) -> Iterator[Measure]:
    realism = compute_midway_realism(
        space.network, space.training, space.held_out, codes, space.seed
    )
    if realism is not None:
        yield Measure(
            name="midway_realism",
            value=100 * realism,
            unit="%",
            better="higher",
            sentence=f"Of 100 pictures decoded midway between two classes, {100 * realism:.0f} are "
            "as near to a real picture as 95 of 100 reconstructions are.",
        )


def _coverage(space: Space) -> float:
    """The share of the square within the support distance of a reference point."""
    # The centres of equal cells, so that each stands for the same area.
    axis = GRID_BOUND * ((2 * np.arange(COVERAGE_SIDE) + 1) / COVERAGE_SIDE - 1)
    lattice = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    search = NearestNeighbors(n_neighbors=1).fit(space.reference.coordinates)
    distances, _ = search.kneighbors(lattice)
    return float((distances <= space.support_distance).mean())


def _spread(codes: Floats) -> float | None:
    """The smallest share of the square whose cells hold half of all codes [N, 2].

    None if more than half of the codes lie outside the square.
    """
    x, y = codes.T
    counts, _, _ = np.histogram2d(x, y, bins=SPREAD_SIDE, range=[[-GRID_BOUND, GRID_BOUND]] * 2)
    held = np.sort(counts.ravel())[::-1].cumsum()
    if held[-1] < len(codes) / 2:
        return None
    return (1 + int(np.searchsorted(held, len(codes) / 2))) / SPREAD_SIDE**2


@torch.inference_mode()
def _border_changes(network: Network) -> Doubles:
    """The mean change in grey levels across each border between two pictures of the grid."""
    points = torch.from_numpy(grid_points())
    decoded = 255 * network.decode(points).double().numpy()
    grid = decoded.reshape(GRID_SIDE, GRID_SIDE, -1)
    changes = [np.abs(np.diff(grid, axis=axis)).mean(axis=2).ravel() for axis in (0, 1)]
    return np.concatenate(changes)
