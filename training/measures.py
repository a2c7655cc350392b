"""What tells one latent space from another: a few figures, each with a sentence for a pupil.

They see a model through the two methods that are served. The sources of the less common ones
stand with them; docs/training.md says what they tell and what they do not.
"""

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from sklearn.manifold import trustworthiness
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors
from torch import Tensor

from service.artifact.contract import Reference
from service.artifact.manifest import Measure
from training.datasets import LabelledImages
from training.evaluation import BATCH, as_images, encode_means, reconstruction_of
from training.figures import GRID_BOUND, GRID_SIDE, grid_points
from training.losses import kl_divergence
from training.network import Network
from training.realism import midway_realism

logger = logging.getLogger(__name__)

# Odd, against ties of two; the embedded models gain nothing from more, and 1 or 5 follow noise.
NEIGHBOURS = 15
# Trustworthiness compares all pairs, so it takes a sample; 10 of 2,000 are a picture's closest kin.
TRUST_SAMPLE = 2000
TRUST_NEIGHBOURS = 10
COVERAGE_SIDE = 200  # lattice points a side: 0.04 apart, a fraction of the support distance
SPREAD_SIDE = 40  # cells a side: 0.2 wide, half a step of the grid
NORMAL_SPREAD = 0.068  # pi * 2 ln 2 / 64: half of a normal distribution, as a part of the square
WORST = 0.05  # of the grid's borders

Codes = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Space:
    """What is measured: a model, the images it was fitted to, and images it never saw."""

    model: Network
    training: LabelledImages
    held_out: LabelledImages
    reference: Reference
    support_distance: float
    seed: int


def compute_measures(space: Space) -> list[Measure]:
    """All measures that the space allows: four need a plane, others enough images or classes.

    Some ten seconds for Fashion-MNIST; the same for the same seed.
    """
    start = time.perf_counter()
    codes = encode_means(space.model, space.held_out.pixels)
    is_plane = codes.shape[1] == 2
    measures = [
        *_of_drawing(space),
        *_of_neighbours(space, codes.numpy(), "plane" if is_plane else "latent space"),
        *(_of_plane(space, codes.numpy()) if is_plane else ()),
        *_of_midpoints(space, codes),
    ]
    logger.info("%d measures in %.1f s", len(measures), time.perf_counter() - start)
    return measures


@torch.inference_mode()
def _of_drawing(space: Space) -> Iterator[Measure]:
    pixels, model = space.held_out.pixels, space.model
    reconstruction, kl, is_variational = 0.0, 0.0, False
    for start in range(0, len(pixels), BATCH):
        images = as_images(pixels[start : start + BATCH])
        mean, deviation = model.encode(images)
        share = len(images) / len(pixels)
        reconstruction += share * reconstruction_of(model.decode(mean), images).item()
        is_variational |= bool(deviation.any())
        smallest = torch.finfo(deviation.dtype).tiny
        log_variance = 2 * deviation.double().clamp(min=smallest).log()
        kl += share * kl_divergence(mean.double(), log_variance).item()
    yield _measure(
        "reconstruction",
        reconstruction,
        "nats per image",
        "lower",
        f"Redrawn from its place alone, a held-out picture is {reconstruction:.1f} nats (a unit of "
        "surprise) away from the original on average; less is closer.",
    )
    if is_variational:
        yield _measure(
            "kl",
            kl,
            "nats per image",
            "neither",
            f"Saying where a picture lies takes {kl:.1f} nats, enough to tell about "
            f"{_rounded(np.exp(min(kl, 50))):,.0f} places apart.",
        )


def _of_neighbours(space: Space, codes: Codes, where: str) -> Iterator[Measure]:
    neighbours = min(NEIGHBOURS, len(space.training.labels))
    classifier = KNeighborsClassifier(neighbours)
    classifier.fit(encode_means(space.model, space.training.pixels), space.training.labels)
    accuracy = 100 * float(classifier.score(codes, space.held_out.labels))
    yield _measure(
        "knn_accuracy",
        accuracy,
        "%",
        "higher",
        f"Guessed from the {neighbours} training pictures that lie nearest in the {where}, the "
        f"class of {accuracy:.0f} of 100 held-out pictures is right.",
    )
    order = torch.randperm(len(codes), generator=torch.Generator().manual_seed(space.seed))
    sample = order[:TRUST_SAMPLE].numpy()
    if len(sample) <= 2 * TRUST_NEIGHBOURS:  # the measure is not defined
        return
    pictures = space.held_out.pixels[sample].reshape(len(sample), -1) / np.float32(255)
    # Venna & Kaski 2001, "Neighborhood preservation in nonlinear projection methods".
    trust = float(trustworthiness(pictures, codes[sample], n_neighbors=TRUST_NEIGHBOURS))
    yield _measure(
        "trustworthiness",
        trust,
        "of 1",
        "higher",
        f"Whether pictures that lie side by side in the {where} look alike: {trust:.3f}, where "
        "1 is always and 0.5 is mere chance.",
    )


def _of_plane(space: Space, codes: Codes) -> Iterator[Measure]:
    coverage = 100 * _coverage(space)
    yield _measure(
        "coverage",
        coverage,
        "%",
        "neither",
        f"Of the square from -4 to 4, {coverage:.0f} of 100 parts lie near held-out pictures; what "
        "the rest shows was never near any.",
    )
    if (share := _spread(codes)) is not None:
        spread = 100 * share
        yield _measure(
            "spread",
            spread,
            "%",
            "neither",
            f"Half of the held-out pictures crowd on {spread:.1f} % of the square from -4 to 4; in "
            f"the shape of a normal distribution they would take {100 * NORMAL_SPREAD:.1f} %.",
        )
    borders = _borders(space.model)
    smoothness = float(borders.mean())
    abruptness = float(np.sort(borders)[-max(1, round(WORST * len(borders))) :].mean())
    yield _measure(
        "smoothness",
        smoothness,
        "grey levels",
        "lower",
        f"From one picture of the {GRID_SIDE} x {GRID_SIDE} grid to the next, a pixel changes by "
        f"{smoothness:.1f} of 255 grey levels on average; less is smoother.",
    )
    yield _measure(
        "abruptness",
        abruptness,
        "grey levels",
        "lower",
        f"Across the grid's most abrupt borders, 5 of 100, a pixel changes by {abruptness:.1f} of "
        "255 grey levels on average.",
    )


def _of_midpoints(space: Space, codes: Tensor) -> Iterator[Measure]:
    realism = midway_realism(space.model, space.training, space.held_out, codes, space.seed)
    if realism is None:
        return
    yield _measure(
        "midway_realism",
        100 * realism,
        "%",
        "higher",
        f"Of 100 pictures drawn midway between two of different classes, {100 * realism:.0f} come "
        "as near to a real picture as 95 of 100 of the model's own redrawings do.",
    )


def _measure(
    name: str, value: float, unit: str, better: Literal["lower", "higher", "neither"], sentence: str
) -> Measure:
    return Measure(name=name, value=value, unit=unit, better=better, sentence=sentence)


def _rounded(value: float) -> float:
    """To two digits, as 'about' promises."""
    return float(f"{value:.2g}")


def _coverage(space: Space) -> float:
    """The share of the square within the support distance of a reference point."""
    # The middles of equal cells, so that each stands for as much of the square.
    axis = GRID_BOUND * ((2 * np.arange(COVERAGE_SIDE) + 1) / COVERAGE_SIDE - 1)
    lattice = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    search = NearestNeighbors(n_neighbors=1).fit(space.reference.coordinates)
    distances, _ = search.kneighbors(lattice)
    return float((distances <= space.support_distance).mean())


def _spread(codes: Codes) -> float | None:
    """The smallest share of the square whose cells hold half of all codes [N, 2], if it does."""
    x, y = codes.T
    counts, _, _ = np.histogram2d(x, y, bins=SPREAD_SIDE, range=[[-GRID_BOUND, GRID_BOUND]] * 2)
    held = np.sort(counts.ravel())[::-1].cumsum()
    if held[-1] < len(codes) / 2:
        return None
    return (1 + int(np.searchsorted(held, len(codes) / 2))) / SPREAD_SIDE**2


@torch.inference_mode()
def _borders(model: Network) -> npt.NDArray[np.float64]:
    """The mean change in grey levels across each border of two pictures of the 21 x 21 grid."""
    points = torch.from_numpy(grid_points([-GRID_BOUND] * 2, [GRID_BOUND] * 2))
    pictures = 255 * model.decode(points).double().numpy()
    grid = pictures.reshape(GRID_SIDE, GRID_SIDE, -1)
    changes = [np.abs(np.diff(grid, axis=axis)).mean(axis=2).ravel() for axis in (0, 1)]
    return np.concatenate(changes)
