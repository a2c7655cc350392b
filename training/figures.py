"""Draws figures from plain arrays: PNGs of a version, and a plane as SVG for the report."""

import io
import math
import re
from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Rectangle
from matplotlib.ticker import MaxNLocator
from PIL import Image

from service.artifact.arrays import Floats, Levels

GRID_SIDE = 21  # points per side
GRID_BOUND = 4.0  # its ends in both dimensions, in prior standard deviations
MAX_COLUMNS = 12  # pairs of original and reconstruction
# Ten colours that stay apart in common colour-vision deficiencies: Petroff 2021,
# "Accessible Color Sequences for Data Visualization".
COLOURS = tuple(map(to_hex, mpl.color_sequences["petroff10"]))
MARKERS = "o^sDv"  # the next one after every ten classes
GREY = "#7d8590"  # legible on white and on black


def draw_loss_curves(history: Sequence[Mapping[str, float]]) -> bytes:
    """One panel per term: nats per image over epochs, for training and validation."""
    terms = [name.removeprefix("training_") for name in history[0] if name.startswith("training_")]
    figure = Figure(figsize=(4.5 * len(terms), 3.5), layout="constrained")
    for axes, term in zip(figure.subplots(1, len(terms), squeeze=False)[0], terms, strict=True):
        for part, style in (("training", "--"), ("validation", "-")):
            if (name := f"{part}_{term}") in history[0]:
                _draw_curve(axes, history, name, style, part)
        axes.set(title=term, xlabel="epoch", ylabel="nats per image")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        axes.legend()
    return _as_png(figure)


def draw_reconstructions(originals: Levels, reconstructions: Levels) -> bytes:
    """The first dozen of images [N, C, H, W], originals above reconstructions."""
    count = min(MAX_COLUMNS, len(originals))
    figure = Figure(figsize=(0.9 * count + 1, 2.4), layout="constrained")
    panels = figure.subplots(2, count, squeeze=False)
    rows = (("original", originals), ("reconstruction", reconstructions))
    for row, (label, images) in zip(panels, rows, strict=True):
        for axes, image in zip(row, _channels_last(images[:count]), strict=True):
            axes.imshow(image, cmap="gray", vmin=0, vmax=255)
            axes.set(xticks=[], yticks=[])
        row[0].set_ylabel(label)
    return _as_png(figure)


def draw_latent_plane(coordinates: Floats, labels: Levels, class_names: Sequence[str]) -> bytes:
    """Points [N, 2] by class, with a legend and equal units on both axes."""
    figure = Figure(figsize=(9, 7), layout="constrained")
    axes = figure.subplots()
    # In random order, so that no class hides the others.
    order = np.random.default_rng(0).permutation(len(labels))
    for first in range(0, len(class_names), len(COLOURS)):
        group = order[labels[order] // len(COLOURS) == first // len(COLOURS)]
        x, y = coordinates[group].T
        colours = [*map(_colour, labels[group])]
        axes.scatter(x, y, s=7, c=colours, marker=_marker(first), linewidths=0, alpha=0.8)
    axes.set(xlabel="z[0]", ylabel="z[1]", aspect="equal", title="held-out images, encoded")
    axes.grid(alpha=0.3)
    entries = [
        Line2D([], [], ls="", marker=_marker(index), color=_colour(index), label=name)
        for index, name in enumerate(class_names)
    ]
    figure.legend(handles=entries, loc="outside right center")
    return _as_png(figure)


def plane_extent(coordinates: Floats) -> int:
    """Half the side of a square around the origin that shows 999 of 1,000 points [N, 2]."""
    furthest = float(np.percentile(np.abs(coordinates).max(axis=1), 99.9))
    return max(math.ceil(GRID_BOUND), min(math.ceil(furthest), 1000)) + 1


# Simplified paths lose dots; without a salt, ids differ each time.
@mpl.rc_context({"path.simplify": False, "svg.fonttype": "none", "svg.hashsalt": "latent-atlas"})
def draw_plane_svg(coordinates: Floats, labels: Levels, extent: int) -> bytes:
    """Points [N, 2] by class, from -extent to extent on both axes, on a transparent ground.

    The grid's square is dashed; circles mark one, two and three standard deviations of a normal
    distribution. The second ten classes have the colours of the first and square dots.
    """
    figure = Figure(figsize=(4.5, 4.5), layout="constrained")
    axes = figure.subplots()
    axes.set(xlim=(-extent, extent), ylim=(-extent, extent), aspect="equal")
    axes.tick_params(colors=GREY)
    axes.spines[:].set_color(GREY)
    square = Rectangle((-GRID_BOUND, -GRID_BOUND), 2 * GRID_BOUND, 2 * GRID_BOUND, ls="--")
    for outline in (square, *(Circle((0, 0), radius) for radius in (1, 2, 3))):
        outline.set(fill=False, edgecolor=GREY, linewidth=0.5)
        axes.add_patch(outline)
    # In several rounds, so that no class hides the others.
    for part in np.array_split(np.random.default_rng(0).permutation(len(labels)), 6):
        for label in np.unique(labels[part]):
            _draw_dots(axes, coordinates[part[labels[part] == label]], label)
    return _as_svg(figure)


def grid_points() -> Floats:
    """The grid's 21 x 21 points, [441, 2], row by row from the top left: the first is (-4, 4)."""
    axis = np.linspace(-GRID_BOUND, GRID_BOUND, GRID_SIDE, dtype=np.float32)
    x, y = np.meshgrid(axis, axis[::-1])
    return np.stack([x.ravel(), y.ravel()], axis=1)


def draw_mosaic(images: Levels, columns: int) -> bytes:
    """Images [rows * columns, C, H, W] as one PNG, row by row, without margins."""
    shown = _channels_last(images)
    count, height, width, *channels = shown.shape
    tiles = shown.reshape(count // columns, columns, height, width, *channels)
    mosaic = tiles.swapaxes(1, 2).reshape(-1, columns * width, *channels)
    buffer = io.BytesIO()
    Image.fromarray(mosaic).save(buffer, format="png", optimize=True)
    return buffer.getvalue()


def _channels_last(images: Levels) -> Levels:
    """[N, C, H, W] -> [N, H, W] of grey, [N, H, W, 3] of colour."""
    return images[:, 0] if images.shape[1] == 1 else images.transpose(0, 2, 3, 1)


def _draw_curve(
    axes: Axes, history: Sequence[Mapping[str, float]], name: str, style: str, label: str
) -> None:
    epochs = [record["epoch"] for record in history]
    values = [record[name] for record in history]
    marker = "o" if len(epochs) == 1 else ""  # a line of one point is invisible
    axes.plot(epochs, values, style, marker=marker, label=f"{label} ({values[-1]:.1f})")


def _draw_dots(axes: Axes, points: Floats, label: int) -> None:
    # Strokes of no length: a third of the bytes that markers take in SVG.
    x, y = (np.stack([v, v, np.full_like(v, np.nan)], axis=1).ravel() for v in points.T)
    cap = "round" if label // len(COLOURS) % 2 == 0 else "projecting"
    axes.plot(x, y, linewidth=3, color=_colour(label), alpha=0.8, solid_capstyle=cap)


def _colour(class_index: int) -> str:
    return COLOURS[class_index % len(COLOURS)]


def _marker(class_index: int) -> str:
    return MARKERS[class_index // len(COLOURS) % len(MARKERS)]


def _as_png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _as_svg(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    no_metadata = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    figure.savefig(buffer, format="svg", transparent=True, metadata=no_metadata)
    return re.sub(rb"(\d\.\d)\d+", rb"\1", buffer.getvalue())  # a tenth of a point will do
