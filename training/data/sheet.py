"""Draws a contact sheet: pictures of each class, as a model is to see them."""

import io

import numpy as np
from matplotlib.figure import Figure

from service.artifact.arrays import Levels
from training.data.images import Indices
from training.data.prepare import Preparation

COLUMNS = 12
ROWS = 12  # shared out among the classes
MAX_CLASSES = 24  # shown, the largest ones
CELL_INCHES = 0.7
PAPER = 255  # the level around pictures


def draw_contact_sheet(preparation: Preparation) -> bytes:
    """A PNG with the pictures of a class, taken at even steps, in as many rows as there is room."""
    prepared = preparation.prepared
    labels = np.array([label for found in prepared.labels.values() for label in found])
    counts = np.bincount(labels, minlength=len(prepared.class_names))
    largest = np.argsort(-counts, kind="stable")[: min(MAX_CLASSES, np.count_nonzero(counts))]
    shown = np.sort(largest)
    strips = [
        _strip(preparation, np.flatnonzero(labels == label), max(1, ROWS // len(shown)))
        for label in shown
    ]
    names = [f"{prepared.class_names[label]} ({counts[label]:,})" for label in shown]
    return _draw(strips, names, f"{preparation.source.name}: {prepared.count:,} pictures")


def _strip(preparation: Preparation, rows: Indices, height: int) -> Levels:
    """The pictures of one class as one image [height, width, 3], in `height` rows at most."""
    count = min(len(rows), height * COLUMNS)
    chosen = rows[np.linspace(0, len(rows) - 1, count).astype(np.intp)]
    pictures = np.broadcast_to(
        preparation.pictures(chosen)[:], (count, 3, *preparation.image.shape[1:])
    )
    gap = max(1, preparation.image.height // 16)
    framed = np.pad(
        pictures, ((0, -count % COLUMNS), (0, 0), (0, gap), (0, gap)), constant_values=PAPER
    )
    framed[count:] = PAPER
    cells = framed.reshape(-1, COLUMNS, *framed.shape[1:])  # [rows, columns, 3, H, W]
    return cells.transpose(0, 3, 1, 4, 2).reshape(
        cells.shape[0] * cells.shape[3], COLUMNS * cells.shape[4], 3
    )


def _draw(strips: list[Levels], names: list[str], title: str) -> bytes:
    sheet = np.concatenate(strips)
    ends = np.cumsum([len(strip) for strip in strips])
    cell = sheet.shape[1] / COLUMNS
    size = (CELL_INCHES * COLUMNS + 2, CELL_INCHES * len(sheet) / cell + 0.5)
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots()
    axes.imshow(sheet, interpolation="nearest", aspect="equal")
    middles = ends - np.array([len(strip) for strip in strips]) / 2
    axes.set(title=title, xticks=[], yticks=middles, yticklabels=names)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", bbox_inches="tight")  # room for long names
    return buffer.getvalue()
