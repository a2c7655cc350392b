"""TileJSON 3.0.0: what map libraries need to know to show a latent plane as a map."""

import html
from typing import Literal

from pydantic import BaseModel, Field

from service.artifact.contract import Artifact
from service.latent.planes import MAX_ZOOM, TILE_CELLS, WORLD, cell_size

# The square of Web Mercator, west, south, east and north, in degrees.
LATITUDE = 85.05112877980659
BOUNDS = [-180.0, -LATITUDE, 180.0, LATITUDE]
# At this zoom -4 to 4 is 4 x 4 tiles, which fill a screen.
START_ZOOM = 10


class LatentWorld(BaseModel):
    """How the map's square lies in the latent plane, of which libraries of maps know nothing."""

    minimum: list[float] = Field(description="Latent point of the lower left corner.")
    maximum: list[float] = Field(description="Latent point of the upper right corner.")
    step_at_zoom_0: float = Field(
        description="Between neighbouring pictures; at zoom z it is this / 2^z."
    )


class TileJson(BaseModel):
    """A map of a latent plane, as TileJSON 3.0.0 with `tile_size` and `latent` added."""

    tilejson: Literal["3.0.0"]
    name: str
    description: str
    version: str = Field(description="The model's version, as semver: 1.0.0 is version 1.")
    attribution: str = Field(description="HTML: the model and what it was trained on.")
    scheme: Literal["xyz"]
    tiles: list[str] = Field(description="Address of a tile, with {z}, {x} and {y} in it.")
    minzoom: int
    maxzoom: int
    bounds: list[float] = Field(description="West, south, east and north of the map, in degrees.")
    center: list[float] = Field(description="Longitude, latitude and zoom to start from: (0, 0).")
    tile_size: int = Field(description="Width of a tile in pixels.")
    latent: LatentWorld


def describe_tiles(artifact: Artifact, address: str) -> TileJson:
    """The map of a model with two latent dimensions, served at `address` (no slash at its end)."""
    manifest = artifact.manifest
    title = f"{manifest.name} {manifest.version}"
    return TileJson(
        tilejson="3.0.0",
        name=manifest.name,
        description=f"Latent plane of the model {title}: every cell is its decoded centre.",
        version=f"{manifest.version}.0.0",
        # Libraries may show it as HTML, and a data set may have any name.
        attribution=html.escape(f"Model {title}, trained on {manifest.dataset.name}"),
        scheme="xyz",
        tiles=[f"{address}/tiles/{manifest.name}/{{z}}/{{x}}/{{y}}.png"],
        minzoom=0,
        maxzoom=MAX_ZOOM,
        bounds=BOUNDS,
        center=[0.0, 0.0, START_ZOOM],
        tile_size=TILE_CELLS * manifest.image.width,
        latent=LatentWorld(
            minimum=[-WORLD, -WORLD], maximum=[WORLD, WORLD], step_at_zoom_0=cell_size(0)
        ),
    )
