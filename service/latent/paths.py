"""Latent points along a path: pure maths, no model."""

import math
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt

Method = Literal["linear", "spherical"]
Doubles = npt.NDArray[np.float64]

# Directions this close to each other, or to opposite ones, span no plane that could be told.
LEAST_SINE = 1e-6


def path(latents: list[list[float]], method: Method, steps: int) -> npt.NDArray[np.float32]:
    """[N][D] points -> [steps * (N - 1) + 1, D], in `steps` from each to the next; all are in it.

    `linear` goes straight; `spherical` turns the direction at a constant rate (Shoemake 1985) while
    the length changes in equal steps. For equal lengths that is the interpolation White (2016)
    proposes for latents: it passes through lengths as likely as those of its ends, where a
    straight line passes nearer to the origin than a sample of the prior lies.
    """
    points = np.array(latents, np.float64)
    travel = _straight if method == "linear" else _around_origin
    weights = np.arange(steps)[:, None] / steps
    parts = [travel(start, end, weights) for start, end in pairwise(points)]
    whole = np.concatenate([*parts, points[-1:]])
    whole[::steps] = points  # as they were given, whatever rounding did
    return whole.astype(np.float32)


def _straight(start: Doubles, end: Doubles, weights: Doubles) -> Doubles:
    between: Doubles = start * (1 - weights) + end * weights
    return between


def _around_origin(start: Doubles, end: Doubles, weights: Doubles) -> Doubles:
    """The length is interpolated apart from the direction; White weighs the points themselves.

    His way, (-2, 0) and (3, 0.1) are joined by way of (30, 3): where directions are nearly
    opposite, lengths that differ are multiplied by one over their sine. This one never leaves the
    ring between both lengths. The origin has no direction, and opposite ones have no one shorter
    way round: from and to them it is straight.
    """
    lengths = math.hypot(*start), math.hypot(*end)
    if min(lengths) == 0:
        return _straight(start, end, weights)
    from_direction, to_direction = start / lengths[0], end / lengths[1]
    angle = _angle(from_direction, to_direction)
    if math.sin(angle) < LEAST_SINE:
        return _straight(start, end, weights)
    turned = np.sin((1 - weights) * angle) * from_direction
    turned += np.sin(weights * angle) * to_direction
    between: Doubles = turned / math.sin(angle)
    between *= lengths[0] * (1 - weights) + lengths[1] * weights
    return between


def _angle(first: Doubles, second: Doubles) -> float:
    """Between two unit vectors, in radians; exact near 0 and pi too, where an arc cosine is not."""
    return 2 * math.atan2(math.hypot(*(first - second)), math.hypot(*(first + second)))
