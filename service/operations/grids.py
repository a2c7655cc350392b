"""The latent plane as systematic grids, and as the tiles of a map."""

from dataclasses import dataclass
from functools import partial
from typing import Literal

from service.artifact.arrays import Floats
from service.artifact.contract import Artifact
from service.errors import Invalid, TileUnknown
from service.latent import planes
from service.latent.planes import Bounds, Spacing
from service.operations import limits
from service.operations.decode import mosaic
from service.operations.etags import entity_tag
from service.serving.work import Batch, Work, size_of_drawing
from service.settings import Settings


@dataclass(frozen=True)
class Grid:
    """Everything that a grid's picture depends on, besides the model."""

    rows: int
    columns: int
    x: Bounds
    y: Bounds
    spacing: Spacing = "linear"
    scale: int = 1

    def points(self) -> Floats:
        """[rows * columns, 2], row by row: row 0 at y's upper end, column 0 at x's lower end."""
        return planes.grid(self.rows, self.columns, self.x, self.y, self.spacing)


@dataclass(frozen=True)
class Ends:
    """The ends of a grid that a request gives, and where the others come from.

    `standard` takes the model's grid bounds, `data` the 1st and 99th percentile of its training
    images.
    """

    x_min: float | None = None
    x_max: float | None = None
    y_min: float | None = None
    y_max: float | None = None
    default: Literal["standard", "data"] = "standard"


def draw_grid(
    artifact: Artifact,
    settings: Settings,
    rows: int,
    columns: int,
    ends: Ends,
    spacing: Spacing,
    scale: int,
) -> Work[bytes]:
    """A grid as a PNG mosaic. Raises Invalid for a wrong query."""
    check_is_plane(artifact, "/query/model")
    limits.check_mosaic(settings, artifact.manifest.image, rows, columns, scale, "/query")
    x, y = _bounds(artifact, ends)
    for axis, bounds in (("x", x), ("y", y)):
        _check_bounds(axis, bounds, spacing)
    return _draw(artifact, Grid(rows, columns, x, y, spacing, scale))


def draw_tile(
    artifact: Artifact, settings: Settings, zoom: int, column: int, row: int
) -> Work[bytes]:
    """A tile of the map as a PNG mosaic: the grid of its cells' centres. Raises TileUnknown."""
    check_has_map(artifact, settings)
    try:
        x, y = planes.tile(zoom, column, row)
    except ValueError as exc:
        raise TileUnknown(str(exc), "/path") from exc
    return _draw(artifact, Grid(planes.TILE_CELLS, planes.TILE_CELLS, x, y))


def check_has_map(artifact: Artifact, settings: Settings) -> None:
    """Raise Invalid unless the model has a plane, with tiles within the limits."""
    check_is_plane(artifact, "/path/model")
    limits.check_tile(settings, artifact.manifest.image)


def check_is_plane(artifact: Artifact, pointer: str) -> None:
    """Raise Invalid unless the model has two latent dimensions; `pointer` is where it is named."""
    if artifact.manifest.latent_dim != 2:
        raise Invalid("this needs a model with two latent dimensions", pointer)


def _draw(artifact: Artifact, grid: Grid) -> Work[bytes]:
    tiles = grid.rows * grid.columns
    return Work(
        artifact,
        partial(_mosaic, grid),
        size_of_drawing(artifact, tiles, grid.scale),
        "tiles",
        tiles,
        # Equal for equal bytes, whatever defaults the query spelled out.
        entity_tag(artifact, grid.rows, grid.columns, grid.x, grid.y, grid.spacing, grid.scale),
    )


def _mosaic(grid: Grid) -> Batch[bytes]:
    return mosaic(grid.points(), grid.columns, grid.scale)


def _bounds(artifact: Artifact, ends: Ends) -> tuple[Bounds, Bounds]:
    manifest = artifact.manifest
    if ends.default == "data":
        lower = manifest.latent_statistics.percentile_1
        upper = manifest.latent_statistics.percentile_99
    else:
        lower, upper = manifest.grid_bounds.minimum, manifest.grid_bounds.maximum
    return (
        Bounds(_given(ends.x_min, lower[0]), _given(ends.x_max, upper[0])),
        Bounds(_given(ends.y_min, lower[1]), _given(ends.y_max, upper[1])),
    )


def _given(end: float | None, default: float) -> float:
    return default if end is None else end


def _check_bounds(axis: str, bounds: Bounds, spacing: Spacing) -> None:
    if bounds.minimum >= bounds.maximum:
        raise Invalid(f"{axis}_min must be less than {axis}_max", f"/query/{axis}_min")
    try:
        planes.axis(bounds, 2, spacing)
    except ValueError as exc:
        raise Invalid(str(exc), f"/query/{axis}_min") from exc
