"""Whether a row's result has the same bits whatever else is in its batch.

Only then can the service compute several requests in one call without changing any answer. Matrix
kernels are free to round differently for each batch size, and no vendor promises that theirs do
not, so this is measured when a version is published, and again, on fewer sizes, when it is loaded.
"""

from collections.abc import Iterable

import numpy as np

from service.artifact.arrays import Floats
from service.artifact.contract import LatentModel
from service.artifact.errors import ModelUnreadable, one_line

PUBLISHED_SIZES = range(2, 514)
# A vector unit's tail, what many requests at once come to, and a block of a large one.
LOADED_SIZES = (2, 3, 5, 8, 16, 31, 64)
LATENT_SPREAD = 3.0  # standard deviations, as far as maps are drawn


def is_batch_invariant(
    model: LatentModel, image_shape: tuple[int, int, int], latent_dim: int, sizes: Iterable[int]
) -> bool:
    """Compare random rows, each alone, with the same rows in batches of these sizes.

    `image_shape` is (channels, height, width). Raises ModelUnreadable if the model fails on one of
    the sizes.
    """
    sizes = sorted(sizes)
    generator = np.random.default_rng(0)
    images = generator.random((sizes[-1], *image_shape), np.float32)
    points = generator.standard_normal((sizes[-1], latent_dim), np.float32)
    points *= np.float32(LATENT_SPREAD)
    alone = [_answers(model, images[[row]], points[[row]]) for row in range(sizes[-1])]
    expected = [np.concatenate(rows) for rows in zip(*alone, strict=True)]
    return all(
        np.array_equal(found, rows[:size])
        for size in sizes
        for found, rows in zip(_answers(model, images[:size], points[:size]), expected, strict=True)
    )


def _answers(model: LatentModel, images: Floats, points: Floats) -> tuple[Floats, ...]:
    try:
        return (*model.encode(images), model.decode(points))
    except Exception as exc:  # the model's code can raise anything
        size = len(images)
        raise ModelUnreadable(f"the model fails on a batch of {size}: {one_line(exc)}") from exc
