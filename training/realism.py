"""Scores how real decoded pictures look, beside real pictures that the model never saw.

Pictures are compared by the features of a small classifier, not by pixels: by pixels, a blurred
picture is nearer to every real one than real pictures are to each other.
"""

import contextlib
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from service.artifact.arrays import Levels
from training.data.images import LabelledImages
from training.figures import GRID_BOUND
from training.network import BATCH_SIZE, Network, as_images, image_batches

NEIGHBOURS = 5  # as Naeem et al. 2020 suggest
REAL_PICTURES = 5000  # of the training images, at most; they stand for all real pictures
SCORED_PICTURES = 2500  # in each score, at most
MIN_PICTURES = 20  # of either part of the data
LATTICE_SIDE = 50  # points per side of the square: as many as scored pictures
BATCH_PICTURES, LEARNING_RATE = 128, 3e-3
MAX_STEPS, MAX_PASSES = 400, 20  # of the classifier's training: 79 % right for Fashion-MNIST
# One for all models, whatever their own: another seed moves all scores together, by up to 7.
FEATURES_SEED = 0
MAX_SIDE = 64  # pixels that the classifier sees; it bounds its time for larger images

Features = Callable[[Tensor], Tensor]  # pictures [N, 1, H, W] -> [N, 64]


@dataclass(frozen=True)
class Realism:
    """How pictures compare with real ones, both values from 0 to 100.

    `precision`: of 100 pictures, how many look like a real one. `coverage`: of 100 real ones, how
    many have a look-alike among the pictures.
    """

    precision: float
    coverage: float

    @property
    def score(self) -> float:
        """The harmonic mean, which is low if either is.

        Blurred pictures look like few real ones; one picture, repeated, covers few.
        """
        total = self.precision + self.coverage
        return 2 * self.precision * self.coverage / total if total > 0 else 0.0


@dataclass(frozen=True)
class RealismScores:
    """Scores of the same number of pictures each; `held_out`'s is the best to expect."""

    held_out: Realism
    midway: Realism | None  # between images of different classes; None if all have one class
    grid: Realism | None  # from all over the square -4..4; None if the space is no plane


@torch.inference_mode()
def compute_realism(
    network: Network, training: LabelledImages, held_out: LabelledImages, codes: Tensor, seed: int
) -> RealismScores | None:
    """Scores of what the network decodes; `codes` [N, D] are those of the held-out images.

    None if the training images have one class only, or either part has too few different images.
    The same seed gives the same scores.
    """
    generator = torch.Generator().manual_seed(seed)
    chosen = _without_copies(_choose(training, REAL_PICTURES, generator))
    unseen = _choose(held_out, SCORED_PICTURES, generator)
    if min(len(chosen), len(unseen)) < MIN_PICTURES or len(np.unique(training.labels)) < 2:
        return None
    features = fit_features(training, FEATURES_SEED)
    real = torch.cat([features(images) for images in image_batches(chosen)])
    midway = _midway_codes(codes, held_out, len(unseen), generator)

    def scored(batches: Iterable[Tensor]) -> Realism:
        return compare_with_real(real, torch.cat([features(images) for images in batches]))

    def decoded(latents: Tensor) -> Realism:
        return scored(network.decode(part) for part in torch.split(latents, BATCH_SIZE))

    return RealismScores(
        held_out=scored(image_batches(unseen)),
        midway=decoded(midway) if len(midway) > 0 else None,
        grid=decoded(_lattice(len(unseen), generator)) if codes.shape[1] == 2 else None,
    )


def compare_with_real(real: Tensor, pictures: Tensor) -> Realism:
    """Compare features of pictures [M, F] with those of real ones [N, F]; N is above NEIGHBOURS.

    A picture is a look-alike of a real one if it is as near as the fifth nearest other real one
    (coverage of Naeem et al. 2020, "Reliable fidelity and diversity metrics for generative
    models"). For the precision only the half of the real pictures with the nearest neighbours
    counts, as for the realism score of Kynkaanniemi et al. 2019, "Improved precision and recall
    metric for assessing generative models": anything looks like an unusual picture.
    """
    # The nearest is the picture itself, at distance 0.
    reach = _distances(real, real).kthvalue(NEIGHBOURS + 1, dim=1).values
    is_alike = _distances(real, pictures) <= reach[:, None]  # [N, M]
    return Realism(
        precision=_percent(is_alike[reach <= reach.median()].any(dim=0)),
        coverage=_percent(is_alike.any(dim=1)),
    )


@torch.inference_mode(mode=False)
def fit_features(training: LabelledImages, seed: int) -> Features:
    """Fit a small classifier to the images. Its last hidden layer is the features."""
    with torch.random.fork_rng(devices=[]), _one_thread():
        torch.manual_seed(seed)
        classifier = _build_classifier(int(training.labels.max()) + 1)
        optimizer = torch.optim.AdamW(classifier.parameters(), LEARNING_RATE)
        count = len(training.labels)
        steps = min(MAX_STEPS, MAX_PASSES * math.ceil(count / BATCH_PICTURES))
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps)
        for _ in range(steps):
            chosen = torch.randint(count, (BATCH_PICTURES,)).numpy()
            images = as_images(training.pixels[chosen])
            labels = torch.from_numpy(training.labels[chosen].astype(np.int64))
            optimizer.zero_grad()
            functional.cross_entropy(classifier(_shrink(images)), labels).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
    hidden = classifier[:-1].requires_grad_(False)
    return lambda images: hidden(_shrink(images))


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Sums depend on the number of threads in their last bits, and weights then on those bits."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _build_classifier(class_count: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(4),  # images of any size
        nn.Flatten(),
        nn.Linear(32 * 4 * 4, 64),
        nn.ReLU(),
        nn.Linear(64, class_count),
    )


def _shrink(images: Tensor) -> Tensor:
    factor = math.ceil(max(images.shape[2:]) / MAX_SIDE)
    return images if factor == 1 else functional.avg_pool2d(images, factor, ceil_mode=True)


def _choose(images: LabelledImages, most: int, generator: torch.Generator) -> Levels:
    order = torch.randperm(len(images.labels), generator=generator)
    chosen: Levels = images.pixels[order[:most].numpy()]
    return chosen


def _without_copies(levels: Levels) -> Levels:
    # With five copies, a picture has no reach.
    places = {hash(picture.tobytes()): place for place, picture in enumerate(levels)}
    return levels[list(places.values())]


def _midway_codes(
    codes: Tensor, held_out: LabelledImages, count: int, generator: torch.Generator
) -> Tensor:
    """Means [at most `count`, D] of the codes of two images of different classes."""
    first, second = torch.randint(len(codes), (2, 4 * count), generator=generator)
    labels = torch.from_numpy(held_out.labels.astype(np.int64))
    differ = labels[first] != labels[second]
    return ((codes[first] + codes[second]) / 2)[differ][:count]


def _lattice(count: int, generator: torch.Generator) -> Tensor:
    """`count` centres of the equal cells of the square, in random order."""
    axis = GRID_BOUND * ((2 * torch.arange(LATTICE_SIDE) + 1) / LATTICE_SIDE - 1)
    points = torch.cartesian_prod(axis, axis)
    return points[torch.randperm(len(points), generator=generator)[:count]]


def _distances(one: Tensor, other: Tensor) -> Tensor:
    # By differences: by matrix product, a picture is not at distance 0 from itself.
    return torch.cdist(one, other, compute_mode="donot_use_mm_for_euclid_dist")


def _percent(is_so: Tensor) -> float:
    return 100 * is_so.double().mean().item()
