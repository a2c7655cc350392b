"""Latent coordinates of a grid and of a map tile."""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np

from service.artifact.arrays import Doubles, Floats

Spacing = Literal["linear", "quantile"]

# Latent coordinates are bounded so that no decoder is asked for what float32 cannot hold; an
# unstandardised autoencoder's own codes reach some tens.
MAX_COORDINATE = 1000.0
# Below this, equal steps of probability are no longer distinct floating-point numbers.
MIN_PROBABILITY = 1e-290

# A map of the plane is the square from -WORLD to WORLD, cut into 2^zoom x 2^zoom tiles of
# TILE_CELLS x TILE_CELLS cells: powers of two, so that every cell's bounds and centre are exact.
WORLD = 1024.0
TILE_CELLS = 8
# The deepest at which float32 holds the centre of every cell between -32 and 32, where latents lie.
MAX_ZOOM = 26


@dataclass(frozen=True)
class Bounds:
    """Lower and upper end of one latent axis, in units of the prior's standard deviation."""

    minimum: float
    maximum: float


def grid(rows: int, columns: int, x: Bounds, y: Bounds, spacing: Spacing) -> Floats:
    """[rows * columns, 2] points, row by row: row 0 at y's maximum, column 0 at x's minimum."""
    horizontal = axis(x, columns, spacing)
    vertical = axis(y, rows, spacing)[::-1]
    points = np.empty((rows, columns, 2), np.float32)
    points[..., 0] = horizontal
    points[..., 1] = vertical[:, None]
    return points.reshape(-1, 2)


def tile(zoom: int, column: int, row: int) -> tuple[Bounds, Bounds]:
    """From the centre of a map tile's first cell to that of its last, along x and along y.

    Column 0 lies at x's minimum and row 0 at y's maximum, as in "slippy map" tiles. Cells are
    `cell_size` apart, across neighbouring tiles too.
    Raises ValueError where there is no such tile.
    """
    if not 0 <= zoom <= MAX_ZOOM or not (0 <= column < 2**zoom and 0 <= row < 2**zoom):
        raise ValueError("there is no tile at this zoom, column and row")
    cell = cell_size(zoom)
    left = (column * TILE_CELLS + 0.5) * cell - WORLD
    top = WORLD - (row * TILE_CELLS + 0.5) * cell
    span = (TILE_CELLS - 1) * cell
    return Bounds(left, left + span), Bounds(top - span, top)


def cell_size(zoom: int) -> float:
    """Width and height of a map tile's cell: 256 at zoom 0, half as much at each zoom after it."""
    return 2 * WORLD / TILE_CELLS * 0.5**zoom


def axis(bounds: Bounds, count: int, spacing: Spacing) -> Doubles:
    """`count` ascending coordinates, both ends included; one alone is the middle.

    `linear` takes equal steps; `quantile` equal steps of probability under the standard normal
    prior, mapped back by its inverse distribution function (Kingma & Welling 2014, figure 4).
    Raises ValueError where bounds for `quantile` hold no representable probability.
    """
    if spacing == "linear":
        return _between(bounds.minimum, bounds.maximum, count)
    return _quantiles(bounds, count)


def _between(lower: float, upper: float, count: int) -> Doubles:
    # Weighting both ends keeps them exact, and the centre of symmetric bounds exactly 0.
    weight = np.arange(count) / (count - 1) if count > 1 else np.array([0.5])
    return lower * (1 - weight) + upper * weight


def _quantiles(bounds: Bounds, count: int) -> Doubles:
    if bounds.minimum > 0:  # 1 - 1e-20 is 1: the upper tail loses precision, the lower keeps it
        mirrored = _quantiles(Bounds(-bounds.maximum, -bounds.minimum), count)
        return -mirrored[::-1]
    lower, upper = _probability_below(bounds.minimum), _probability_below(bounds.maximum)
    if upper - lower < MIN_PROBABILITY:
        raise ValueError("the prior has no probability between these bounds")
    points = np.array([_quantile(p, bounds) for p in _between(lower, upper, count)])
    if count > 1:
        points[0], points[-1] = bounds.minimum, bounds.maximum
    return points


def _probability_below(coordinate: float) -> float:
    # NormalDist.cdf subtracts erf from 1, which is 0 below -8.3; erfc keeps the tail.
    return 0.5 * math.erfc(-coordinate / math.sqrt(2))


def _quantile(probability: float, bounds: Bounds) -> float:
    if probability <= 0:
        return bounds.minimum
    if probability >= 1:
        return bounds.maximum
    return min(max(NormalDist().inv_cdf(probability), bounds.minimum), bounds.maximum)
