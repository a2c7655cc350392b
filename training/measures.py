"""Measures that tell one latent space from another, each with a sentence in plain words.

docs/training.md says what they show and what they do not.
"""

import logging
import math
import time
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from sklearn.manifold import trustworthiness
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors
from torch import Tensor

from service.artifact.arrays import Floats
from service.artifact.contract import Reference
from service.artifact.manifest import Measure
from training.data.images import LabelledImages
from training.figures import GRID_BOUND, GRID_SIDE, grid_points
from training.losses import kl_from_deviation, reconstruction_from_pixels
from training.network import BATCH_SIZE, Network, as_images, encode_levels, encode_means
from training.realism import MIN_PICTURES, Realism, RealismScores, compute_realism

logger = logging.getLogger(__name__)

# Odd, against ties of two. More gains nothing with the embedded models; 1 or 5 follow noise.
NEIGHBOURS = 15
# Trustworthiness compares all pairs, hence the sample.
TRUST_SAMPLE = 2000
TRUST_NEIGHBOURS = 10
COVERAGE_SIDE = 200  # lattice points per side: 0.04 apart, a fraction of the support distance
SPREAD_SIDE = 40  # cells per side: 0.2 wide, half a step of the grid
# Unit, and which values are better.
UNITS: dict[str, tuple[str, Literal["lower", "higher", "neither"]]] = {
    "reconstruction": ("nats per image", "lower"),
    "kl": ("nats per image", "neither"),
    "knn_accuracy": ("%", "higher"),
    "trustworthiness": ("of 1", "higher"),
    "coverage": ("%", "neither"),
    "spread": ("%", "neither"),
    "grid_step": ("grey levels", "neither"),
    "realism_midway": ("of 100", "higher"),
    "realism_grid": ("of 100", "higher"),
}
SENTENCES = {
    "reconstruction": "On average, the reconstruction of a held-out picture is {value:.1f} nats "
    "(a unit of surprise) away from the original; less is closer.",
    "kl": "The place of a picture carries {value:.1f} nats of information, enough to tell about "
    "{places:,.0f} places apart.",
    "knn_accuracy": "The {neighbours} training pictures nearest in the {space} predict the right "
    "class for {value:.0f} of 100 held-out pictures.",
    "trustworthiness": "Whether neighbours in the {space} also look alike: {value:.3f}, where 1 "
    "is always and 0.5 is chance.",
    "coverage": "{value:.0f} % of the square from -4 to 4 lies near held-out pictures; no real "
    "picture lies near the rest.",
    "spread": "Half of the held-out pictures lie on {value:.1f} % of the square from -4 to 4; in "
    "a normal distribution they would take 6.8 %.",  # pi * 2 ln 2 / 64
    "grid_step": "From one picture of the 21 x 21 grid to the next, a pixel changes by "
    "{value:.1f} of 255 grey levels on average; blurred pictures change less than sharp ones.",
    "realism_midway": "Pictures decoded midway between two classes score {value:.0f} for realism, "
    "held-out pictures {held_out.score:.0f}: {midway.precision:.0f} of 100 look like a real "
    "picture, and {midway.coverage:.0f} of 100 real ones have a look-alike among them.",
    "realism_grid": "Pictures from all over the square from -4 to 4 score {value:.0f} for realism, "
    "held-out pictures {held_out.score:.0f}: {grid.precision:.0f} of 100 look like a real "
    "picture, and {grid.coverage:.0f} of 100 real ones have a look-alike among them.",
}


Words = dict[str, float | str | Realism | None]  # for the sentences


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
    is_plane = codes.shape[1] == 2
    realism = compute_realism(space.network, space.training, space.held_out, codes, space.seed)
    values = {
        "reconstruction": _reconstruction(space, codes),
        "kl": kl_from_deviation(codes, deviations).item() if deviations.any() else None,
        "knn_accuracy": _knn_accuracy(space, codes),
        "trustworthiness": _trustworthiness(space, codes),
        **(_plane_measures(space, codes.numpy()) if is_plane else {}),
        **_realism_measures(realism),
    }
    found = {name: value for name, value in values.items() if value is not None}
    words: Words = {
        "places": float(f"{math.exp(min(found.get('kl', 0), 50)):.2g}"),  # as 'about' promises
        "neighbours": min(NEIGHBOURS, len(space.training.labels)),
        "space": "plane" if is_plane else "latent space",
        **(vars(realism) if realism is not None else {}),
    }
    logger.info("computed %d measures in %.1f s", len(found), time.perf_counter() - start)
    return [_as_measure(name, value, words) for name, value in found.items()]


def _as_measure(name: str, value: float, words: Words) -> Measure:
    unit, better = UNITS[name]
    value = 100 * value if unit == "%" else value
    sentence = SENTENCES[name].format(value=value, **words)
    return Measure(name=name, value=value, unit=unit, better=better, sentence=sentence)


@torch.inference_mode()
def _reconstruction(space: Space, codes: Tensor) -> float:
    total = 0.0
    for start in range(0, len(codes), BATCH_SIZE):
        part = slice(start, start + BATCH_SIZE)
        images = as_images(space.held_out.pixels[part])
        decoded = space.network.decode(codes[part])
        total += reconstruction_from_pixels(decoded, images).item() * len(images)
    return total / len(codes)


def _knn_accuracy(space: Space, codes: Tensor) -> float | None:
    """None if there is one class only."""
    if len(np.unique(space.training.labels)) < 2:
        return None
    classifier = KNeighborsClassifier(min(NEIGHBOURS, len(space.training.labels)))
    classifier.fit(encode_means(space.network, space.training.pixels), space.training.labels)
    return float(classifier.score(codes, space.held_out.labels))


def _trustworthiness(space: Space, codes: Tensor) -> float | None:
    """Venna & Kaski 2001, "Neighborhood preservation in nonlinear projection methods".

    None for too few images to define it.
    """
    order = torch.randperm(len(codes), generator=torch.Generator().manual_seed(space.seed))
    sample = order[:TRUST_SAMPLE].numpy()
    if len(sample) <= 2 * TRUST_NEIGHBOURS:
        return None
    pixels = space.held_out.pixels[sample].reshape(len(sample), -1) / np.float32(255)
    return float(trustworthiness(pixels, codes.numpy()[sample], n_neighbors=TRUST_NEIGHBOURS))


def _plane_measures(space: Space, codes: Floats) -> dict[str, float | None]:
    return {
        "coverage": _coverage(space),
        "spread": _spread(codes),
        "grid_step": _grid_step(space.network),
    }


def _realism_measures(realism: RealismScores | None) -> dict[str, float]:
    if realism is None:
        logger.info(
            "realism is not measured: it takes two classes or more, and %d pictures or more",
            MIN_PICTURES,
        )
        return {}
    scores = {"realism_midway": realism.midway, "realism_grid": realism.grid}
    return {name: part.score for name, part in scores.items() if part is not None}


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
def _grid_step(network: Network) -> float:
    """The mean change in grey levels across the borders between two pictures of the grid."""
    points = torch.from_numpy(grid_points())
    decoded = 255 * network.decode(points).double().numpy()
    grid = decoded.reshape(GRID_SIDE, GRID_SIDE, -1)
    changes = [np.abs(np.diff(grid, axis=axis)).ravel() for axis in (0, 1)]
    return float(np.concatenate(changes).mean())
