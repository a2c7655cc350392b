"""A latent plane as SVG: points by class over the square of the grid. It runs no model."""

import math
from collections.abc import Iterator
from html import escape

import numpy as np
import numpy.typing as npt

from training.figures import COLOURS, GRID_BOUND

LAYERS = 6  # so that no class lies over all others


def plane_extent(coordinates: npt.NDArray[np.float32]) -> int:
    """Half the side of a square around the origin that shows all but 1 in 1,000 points [N, 2]."""
    furthest = float(np.percentile(np.abs(coordinates).max(axis=1), 99.9))
    return max(math.ceil(GRID_BOUND), min(math.ceil(furthest), 1000)) + 1


def draw_plane(
    coordinates: npt.NDArray[np.float32], labels: npt.NDArray[np.uint8], extent: int, title: str
) -> str:
    """An <svg> of the points [N, 2]; x to the right, y up, -extent to extent both ways.

    The square -4..4 is dashed; the circles are one, two and three standard deviations of a
    normal distribution. The second ten classes have the colours of the first, with square dots.
    """
    point, hair, side = extent / 110, extent / 500, 2 * GRID_BOUND
    return "\n".join(
        [
            f'<svg class="plane" viewBox="{-extent} {-extent} {2 * extent} {2 * extent}" '
            f'role="img" aria-label="{escape(title)}">',
            f'<g class="lines" stroke-width="{hair:.4g}">',
            f'<path d="M{-extent} 0H{extent}M0 {-extent}V{extent}"/>',
            *(f'<circle r="{radius}"/>' for radius in (1, 2, 3)),
            f'<rect x="{-GRID_BOUND}" y="{-GRID_BOUND}" width="{side}" height="{side}" '
            f'stroke-dasharray="{6 * hair:.4g}"/>',
            "</g>",
            f'<g class="points" stroke-width="{2 * point:.4g}">',
            *_layers(coordinates, labels),
            "</g>",
            f'<g class="ticks" font-size="{extent / 16:.4g}">{_ticks(extent)}</g>',
            "</svg>",
        ]
    )


def _layers(coordinates: npt.NDArray[np.float32], labels: npt.NDArray[np.uint8]) -> Iterator[str]:
    """Paths of dots, some classes' after others', each class several times."""
    order = np.random.default_rng(0).permutation(len(labels))
    for layer in np.array_split(order, LAYERS):
        for label in np.unique(labels[layer]):
            dots = "".join(
                f"M{x:.2f} {-y:.2f}h0" for x, y in coordinates[layer[labels[layer] == label]]
            )
            shape = ' stroke-linecap="square"' if label // len(COLOURS) % 2 else ""
            yield f'<path stroke="{COLOURS[label % len(COLOURS)]}"{shape} d="{dots}"/>'


def _ticks(extent: int) -> str:
    step = next(step for step in (2, 10, 50, 200) if 6 * step >= extent)
    edge = extent - extent / 60
    values = [value for value in range(-extent + 1, extent) if value % step == 0]
    along_x = [f'<text x="{v}" y="{edge:.4g}" text-anchor="middle">{v}</text>' for v in values]
    along_y = [f'<text x="{-edge:.4g}" y="{-v}" dy="0.35em">{v}</text>' for v in values]
    return "".join(along_x + along_y)
