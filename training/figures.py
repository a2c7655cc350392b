"""Figures as PNG bytes from plain arrays: what a version looks like. It runs no model."""

import io
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from PIL import Image

GRID_SIDE = 21  # points a side
GRID_BOUND = 4.0  # its ends in both dimensions, in prior standard deviations
SHOWN_PICTURES = 12
# Ten colours that stay apart in common colour-vision deficiencies: Petroff 2021,
# "Accessible Color Sequences for Data Visualization".
COLOURS = (
    "#3f90da",
    "#ffa90e",
    "#bd1f01",
    "#94a4a2",
    "#832db6",
    "#a96b59",
    "#e76300",
    "#b9ac70",
    "#717581",
    "#92dadd",
)
MARKERS = "o^sDv"  # the next one after every ten classes


def draw_loss_curves(history: Sequence[Mapping[str, float]]) -> bytes:
    """A panel a term (nats per image over epochs), training and validation in each."""
    terms = [name.removeprefix("training_") for name in history[0] if name.startswith("training_")]
    figure = Figure(figsize=(4.5 * len(terms), 3.5), layout="constrained")
    for axes, term in zip(figure.subplots(1, len(terms), squeeze=False)[0], terms, strict=True):
        for part, style in (("training", "--"), ("validation", "-")):
            name = f"{part}_{term}"
            if name in history[0]:
                _draw_curve(axes, history, name, style, part)
        axes.set(title=term, xlabel="epoch", ylabel="nats per image")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        axes.legend()
    return _as_png(figure)


def draw_reconstructions(
    originals: npt.NDArray[np.uint8], reconstructions: npt.NDArray[np.uint8]
) -> bytes:
    """The first dozen of pictures [N, H, W], originals above what the model makes of them."""
    count = min(SHOWN_PICTURES, len(originals))
    figure = Figure(figsize=(0.9 * count + 1, 2.4), layout="constrained")
    panels = figure.subplots(2, count, squeeze=False)
    rows = (("original", originals), ("reconstruction", reconstructions))
    for row, (label, pictures) in zip(panels, rows, strict=True):
        for axes, picture in zip(row, pictures[:count], strict=True):
            axes.imshow(picture, cmap="gray", vmin=0, vmax=255)
            axes.set(xticks=[], yticks=[])
        row[0].set_ylabel(label)
    return _as_png(figure)


def draw_latent_plane(
    coordinates: npt.NDArray[np.float32],
    labels: npt.NDArray[np.uint8],
    class_names: Sequence[str],
) -> bytes:
    """Points [N, 2] by class, with a legend, one unit equally long on both axes."""
    figure = Figure(figsize=(9, 7), layout="constrained")
    axes = figure.subplots()
    # In random order, so that no class lies over all others.
    order = np.random.default_rng(0).permutation(len(labels))
    for first in range(0, len(class_names), len(COLOURS)):
        group = order[labels[order] // len(COLOURS) == first // len(COLOURS)]
        colours = [COLOURS[label % len(COLOURS)] for label in labels[group]]
        x, y = coordinates[group].T
        axes.scatter(x, y, s=7, c=colours, marker=_marker(first), linewidths=0, alpha=0.8)
    axes.set(xlabel="z[0]", ylabel="z[1]", aspect="equal", title="held-out images, encoded")
    axes.grid(alpha=0.3)
    figure.legend(handles=_legend_entries(class_names), loc="outside right center")
    return _as_png(figure)


def grid_points(minimum: Sequence[float], maximum: Sequence[float]) -> npt.NDArray[np.float32]:
    """The 21 x 21 points between two corners of the plane, both ends included: [441, 2].

    Row by row as a picture is read: the first is (x minimum, y maximum).
    """
    columns = np.linspace(minimum[0], maximum[0], GRID_SIDE, dtype=np.float32)
    rows = np.linspace(maximum[1], minimum[1], GRID_SIDE, dtype=np.float32)
    x, y = np.meshgrid(columns, rows)
    return np.stack([x.ravel(), y.ravel()], axis=1)


def draw_mosaic(pictures: npt.NDArray[np.uint8], columns: int) -> bytes:
    """Pictures [rows * columns, H, W] as one grey mosaic, row by row, no margins."""
    count, height, width = pictures.shape
    tiles = pictures.reshape(count // columns, columns, height, width)
    mosaic = tiles.swapaxes(1, 2).reshape(-1, columns * width)
    buffer = io.BytesIO()
    Image.fromarray(mosaic).save(buffer, format="png", optimize=True)
    return buffer.getvalue()


def _draw_curve(
    axes: Axes, history: Sequence[Mapping[str, float]], name: str, style: str, label: str
) -> None:
    epochs = [record["epoch"] for record in history]
    values = [record[name] for record in history]
    marker = "o" if len(epochs) == 1 else ""  # a line of one point is invisible
    axes.plot(epochs, values, style, marker=marker, label=f"{label} ({values[-1]:.1f})")


def _legend_entries(class_names: Sequence[str]) -> list[Line2D]:
    return [
        Line2D(
            [],
            [],
            linestyle="",
            marker=_marker(index),
            color=COLOURS[index % len(COLOURS)],
            label=name,
        )
        for index, name in enumerate(class_names)
    ]


def _marker(class_index: int) -> str:
    return MARKERS[class_index // len(COLOURS) % len(MARKERS)]


def _as_png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_png(buffer)  # type: ignore[no-untyped-call]
    return buffer.getvalue()
