"""How real the pictures are that lie midway between images. It compares pixels, it has no taste."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from training.datasets import LabelledImages
from training.evaluation import BATCH, as_images
from training.network import Network

PAIRS = 5000  # another seed then changes the share by less than 1 in 100
ORDINARY = 0.95  # the share of redrawings that count as real by definition
FEWEST = 20  # redrawings of a class, to speak of its 95th percentile


@torch.inference_mode()
def midway_realism(
    model: Network, training: LabelledImages, held_out: LabelledImages, codes: Tensor, seed: int
) -> float | None:
    """The share, 0 to 1, of pictures midway between two images of different classes that look real.

    Midway is the mean of two held-out images' codes [N, D]. A picture looks real when a training
    image is as near, in pixels, as one is to 95 % of the redrawings decode(encode(x)) that are
    nearest to an image of the same class. Hence 0.95 is as good as it is expected to get. None
    where there is one class only.

    The distance to the nearest image is a measure of Berthelot et al. 2019, "Understanding and
    improving interpolation in autoencoders via an adversarial regularizer". It is taken class by
    class because boots and bags differ among themselves more than trousers do.
    """
    generator = torch.Generator().manual_seed(seed)
    first, second = torch.randint(len(codes), (2, PAIRS), generator=generator)
    labels = _classes(held_out.labels)
    are_apart = labels[first] != labels[second]
    if not are_apart.any():
        return None
    redrawn = codes[torch.randperm(len(codes), generator=generator)[:PAIRS]]
    distances, classes = _nearest(model.decode(redrawn), training)
    limits = _limits(distances, classes)
    midway = (codes[first[are_apart]] + codes[second[are_apart]]) / 2
    distances, classes = _nearest(model.decode(midway), training)
    return (distances <= limits[classes]).double().mean().item()


def _nearest(pictures: Tensor, images: LabelledImages) -> tuple[Tensor, Tensor]:
    """[B, 1, H, W] -> Euclidean distance [B] to the nearest image, and the class [B] of that."""
    nearest = torch.full((len(pictures),), torch.inf)
    classes = torch.zeros(len(pictures), dtype=torch.int64)
    for start in range(0, len(images.labels), BATCH):
        others = as_images(images.pixels[start : start + BATCH])
        distances, places = torch.cdist(pictures.flatten(1), others.flatten(1)).min(dim=1)
        is_nearer = distances < nearest
        nearest = torch.where(is_nearer, distances, nearest)
        found = _classes(images.labels[start : start + BATCH])[places]
        classes = torch.where(is_nearer, found, classes)
    return nearest, classes


def _limits(distances: Tensor, classes: Tensor) -> Tensor:
    """The 95th percentile of the distances of each class; of all, where a class has few: [256]."""
    limits = distances.quantile(ORDINARY).repeat(256)
    for label, count in enumerate(classes.bincount()):
        if count >= FEWEST:
            limits[label] = distances[classes == label].quantile(ORDINARY)
    return limits


def _classes(labels: npt.NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(labels.astype(np.int64))
