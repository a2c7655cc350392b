"""A grid of the latent plane as it was asked for: which points, of which model."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from service.api.inputs import GridQuery
from service.artifact.contract import Artifact
from service.errors import Invalid, TileUnknown
from service.latent import planes as lattice
from service.latent.planes import Bounds


@dataclass(frozen=True)
class Grid:
    """A checked request for a grid: everything its picture depends on."""

    artifact: Artifact
    rows: int
    columns: int
    x: Bounds
    y: Bounds
    spacing: lattice.Spacing
    scale: int

    def points(self) -> npt.NDArray[np.float32]:
        """[rows * columns, 2], row by row: row 0 at y's upper end, column 0 at x's lower end."""
        return lattice.grid(self.rows, self.columns, self.x, self.y, self.spacing)


def make_grid(artifact: Artifact, query: GridQuery) -> Grid:
    """The grid of a query, for a model with two latent dimensions.

    Raises Invalid for bounds that hold nothing.
    """
    x, y = _bounds(artifact, query)
    for axis, bounds in (("x", x), ("y", y)):
        _check_bounds(axis, bounds, query.spacing)
    return Grid(artifact, query.rows, query.columns, x, y, query.spacing, query.scale)


def make_tile(artifact: Artifact, zoom: int, column: int, row: int) -> Grid:
    """A map tile, for a model with two latent dimensions: the grid of its cells' centres.

    Raises TileUnknown.
    """
    try:
        x, y = lattice.tile(zoom, column, row)
    except ValueError as exc:
        raise TileUnknown(str(exc), "/path") from exc
    return Grid(artifact, lattice.TILE_CELLS, lattice.TILE_CELLS, x, y, "linear", 1)


def _bounds(artifact: Artifact, query: GridQuery) -> tuple[Bounds, Bounds]:
    """The ends that the query gives, the rest as its `bounds` says."""
    manifest = artifact.manifest
    if query.bounds == "data":
        statistics = manifest.latent_statistics
        lower, upper = statistics.percentile_1, statistics.percentile_99
    else:
        lower, upper = manifest.grid_bounds.minimum, manifest.grid_bounds.maximum
    return (
        Bounds(_given(query.x_min, lower[0]), _given(query.x_max, upper[0])),
        Bounds(_given(query.y_min, lower[1]), _given(query.y_max, upper[1])),
    )


def _given(value: float | None, default: float) -> float:
    return default if value is None else value


def _check_bounds(axis: str, bounds: Bounds, spacing: lattice.Spacing) -> None:
    if bounds.minimum >= bounds.maximum:
        raise Invalid(f"{axis}_min must be less than {axis}_max", f"/query/{axis}_min")
    try:
        lattice.axis(bounds, 2, spacing)
    except ValueError as exc:
        raise Invalid(str(exc), f"/query/{axis}_min") from exc
