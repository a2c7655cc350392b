"""Latent coordinates of grids and map tiles."""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np

from service.artifact.arrays import Doubles, Floats

Spacing = Literal["linear", "quantile"]

# The limit keeps decoders within float32. The codes of an AE reach some tens.
MAX_COORDINATE = 1000.0
# Below this, equal steps of probability are not distinct floating-point numbers.
MIN_PROBABILITY = 1e-290

# The map is the square from -WORLD to WORLD, cut into 2^zoom x 2^zoom tiles of
# TILE_CELLS x TILE_CELLS cells. Powers of two make every cell's bounds and centre exact.
WORLD = 1024.0
TILE_CELLS = 8
# The deepest zoom at which float32 holds every cell's centre between -32 and 32, where latents lie.
MAX_ZOOM = 26


@dataclass(frozen=True)
class Bounds:
    """Lower and upper end of one latent axis, in units of the prior's standard deviation."""

    minimum: float
    maximum: float


def grid(rows: int, columns: int, x: Bounds, y: Bounds, spacing: Spacing) -> Floats:
    """[rows * columns, 2] points, row by row: row 0 at y's maximum, column 0 at x's minimum."""
    points = np.empty((rows, columns, 2), np.float32)
    points[..., 0] = axis(x, columns, spacing)
    points[..., 1] = axis(y, rows, spacing)[::-1, None]
    return points.reshape(-1, 2)


def tile(zoom: int, column: int, row: int) -> tuple[Bounds, Bounds]:
    """The centres of a map tile's first and last cell along x, and along y.

    As in "slippy map" tiles, column 0 lies at x's minimum and row 0 at y's maximum. Cells are
    `cell_size` apart, also across neighbouring tiles. Raises ValueError if there is no such tile.
    """
    if not 0 <= zoom <= MAX_ZOOM or not (0 <= column < 2**zoom and 0 <= row < 2**zoom):
        raise ValueError("there is no tile at this zoom, column and row")
    cell = cell_size(zoom)
    left = (column * TILE_CELLS + 0.5) * cell - WORLD
    top = WORLD - (row * TILE_CELLS + 0.5) * cell
    span = (TILE_CELLS - 1) * cell
    return Bounds(left, left + span), Bounds(top - span, top)


def cell_size(zoom: int) -> float:
    """Side of a map tile's cell: 256 at zoom 0, halved by each further zoom."""
    return 2 * WORLD / TILE_CELLS * 0.5**zoom


def axis(bounds: Bounds, count: int, spacing: Spacing) -> Doubles:
    """`count` ascending coordinates with both ends; a single one is the middle.

    `linear` takes equal steps, `quantile` equal steps of probability under the standard normal
    prior, mapped back by its inverse distribution function (Kingma & Welling 2014, figure 4).
    Raises ValueError if bounds for `quantile` hold no representable probability.
    """
    if spacing == "linear":
        return _between(bounds.minimum, bounds.maximum, count)
    return _quantiles(bounds, count)


def _between(lower: float, upper: float, count: int) -> Doubles:
    # Weighting both ends keeps them exact, and the centre of symmetric bounds exactly 0.
    weight = np.arange(count) / (count - 1) if count > 1 else np.array([0.5])
    return lower * (1 - weight) + upper * weight


def _quantiles(bounds: Bounds, count: int) -> Doubles:
    if bounds.minimum > 0:  # 1 - 1e-20 is 1: only the lower tail is precise
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
    # NormalDist.cdf computes 1 - erf, which is 0 below -8.3; erfc keeps the tail.
    return 0.5 * math.erfc(-coordinate / math.sqrt(2))


def _quantile(probability: float, bounds: Bounds) -> float:
    if probability <= 0:
        return bounds.minimum
    if probability >= 1:
        return bounds.maximum
    return min(max(NormalDist().inv_cdf(probability), bounds.minimum), bounds.maximum)
