"""Measures how real decoded pictures look midway between images of different classes."""

import numpy as np
import torch
from torch import Tensor

from service.artifact.arrays import Levels
from training.datasets import LabelledImages
from training.network import BATCH_SIZE, Network, as_images

PAIRS = 5000  # another seed changes the share by less than 1 in 100
REAL_QUANTILE = 0.95  # this share of the reconstructions counts as real, by definition
MIN_RECONSTRUCTIONS = 20  # of a class, for a quantile of its own


@torch.inference_mode()
def compute_midway_realism(
    network: Network, training: LabelledImages, held_out: LabelledImages, codes: Tensor, seed: int
) -> float | None:
    """The share, 0 to 1, of real-looking pictures midway between images of different classes.

    Midway is the mean of the codes [N, D] of two held-out images. A picture looks real if it is
    as near to a training image, in pixels, as 95 % of the reconstructions decode(encode(x)) with
    a nearest image of the same class. So 0.95 is the best to expect. None if there is only one
    class.

    The distance to the nearest image is a measure of Berthelot et al. 2019, "Understanding and
    improving interpolation in autoencoders via an adversarial regularizer". It is compared within
    a class because boots and bags vary more than trousers do.
    """
    generator = torch.Generator().manual_seed(seed)
    first, second = torch.randint(len(codes), (2, PAIRS), generator=generator)
    labels = _as_tensor(held_out.labels)
    differ = labels[first] != labels[second]
    if not differ.any():
        return None
    sample = codes[torch.randperm(len(codes), generator=generator)[:PAIRS]]
    limits = _limits(*_nearest(network.decode(sample), training))
    midway = (codes[first[differ]] + codes[second[differ]]) / 2
    distances, classes = _nearest(network.decode(midway), training)
    return (distances <= limits[classes]).double().mean().item()


def _nearest(decoded: Tensor, training: LabelledImages) -> tuple[Tensor, Tensor]:
    """[B, 1, H, W] -> Euclidean distance to the nearest image [B], and that image's class [B]."""
    nearest = torch.full((len(decoded),), torch.inf)
    classes = torch.zeros(len(decoded), dtype=torch.int64)
    for start in range(0, len(training.labels), BATCH_SIZE):
        part = slice(start, start + BATCH_SIZE)
        images = as_images(training.pixels[part])
        distances, places = torch.cdist(decoded.flatten(1), images.flatten(1)).min(dim=1)
        classes = torch.where(
            distances < nearest, _as_tensor(training.labels[part])[places], classes
        )
        nearest = torch.minimum(nearest, distances)
    return nearest, classes


def _limits(distances: Tensor, classes: Tensor) -> Tensor:
    """The 95th percentile of each class's distances [256]; of all distances if it has few."""
    limits = distances.quantile(REAL_QUANTILE).repeat(256)
    for label, count in enumerate(classes.bincount()):
        if count >= MIN_RECONSTRUCTIONS:
            limits[label] = distances[classes == label].quantile(REAL_QUANTILE)
    return limits


def _as_tensor(labels: Levels) -> Tensor:
    return torch.from_numpy(labels.astype(np.int64))
