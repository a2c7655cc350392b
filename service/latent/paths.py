"""Latent points along a path."""

import math
from itertools import pairwise
from typing import Literal

import numpy as np

from service.artifact.arrays import Doubles, Floats

Method = Literal["linear", "spherical"]

# Below this sine, two directions are so nearly equal or opposite that rounding decides their plane.
MIN_SINE = 1e-6


def path_length(points: int, steps: int) -> int:
    """How many points `path` makes of so many, with so many steps between them."""
    return steps * (points - 1) + 1


def path(latents: list[list[float]], method: Method, steps: int) -> Floats:
    """[N][D] points -> [steps * (N - 1) + 1, D]: `steps` from each point to the next.

    `linear` goes straight. `spherical` turns the direction at a constant rate (Shoemake 1985) while
    the length changes in equal steps. For equal lengths this is the interpolation that White (2016)
    proposes for latents: every point on it is as likely as its ends. A straight line passes closer
    to the origin than samples of the prior lie.
    """
    points = np.array(latents, np.float64)
    travel = _straight if method == "linear" else _around_origin
    weights = np.arange(steps)[:, None] / steps
    parts = [travel(start, end, weights) for start, end in pairwise(points)]
    whole = np.concatenate([*parts, points[-1:]])
    whole[::steps] = points  # undo rounding
    return whole.astype(np.float32)


def _straight(start: Doubles, end: Doubles, weights: Doubles) -> Doubles:
    between: Doubles = start * (1 - weights) + end * weights
    return between


def _around_origin(start: Doubles, end: Doubles, weights: Doubles) -> Doubles:
    """Interpolate length and direction separately. White weights the points themselves.

    White's formula divides by the sine of the angle: between nearly opposite points of different
    length, such as (-2, 0) and (3, 0.1), it passes through (30, 3). This one stays in the ring
    between both lengths. If no arc is defined (at the origin, between opposite directions), it goes
    straight.
    """
    lengths = math.hypot(*start), math.hypot(*end)
    if min(lengths) == 0:
        return _straight(start, end, weights)
    from_direction, to_direction = start / lengths[0], end / lengths[1]
    angle = _angle(from_direction, to_direction)
    if math.sin(angle) < MIN_SINE:
        return _straight(start, end, weights)
    turned = np.sin((1 - weights) * angle) * from_direction
    turned += np.sin(weights * angle) * to_direction
    between: Doubles = turned / math.sin(angle)
    between *= lengths[0] * (1 - weights) + lengths[1] * weights
    return between


def _angle(first: Doubles, second: Doubles) -> float:
    """Radians between two unit vectors. Unlike an arc cosine, it is precise near 0 and pi."""
    return 2 * math.atan2(math.hypot(*(first - second)), math.hypot(*(first + second)))
