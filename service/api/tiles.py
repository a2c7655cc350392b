"""/tiles: the latent plane as a map that every map library can show."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from service.api import responses as documents
from service.api.answers import PngResponse, send_kept
from service.api.dependencies import AtlasDependency, IfNoneMatch, address_of, refuse_query
from service.api.tilejson import TileJson, describe_tiles
from service.latent.planes import MAX_ZOOM

router = APIRouter(tags=["latent map"], dependencies=[Depends(refuse_query)])

ModelName = Annotated[str, Path(description=documents.MODEL_NAME)]


def _position(description: str, maximum: int) -> object:
    """A path parameter whose limits are told and not checked: what lies beyond is not there."""
    return Path(description=description, json_schema_extra={"minimum": 0, "maximum": maximum})


@router.get(
    "/tiles/{model}.json",
    summary="Describe the map of a latent plane",
    responses=documents.tilejson_responses(),
)
async def tiles(request: Request, atlas: AtlasDependency, model: ModelName) -> TileJson:
    """Where the tiles of a map are and how they lie, as TileJSON 3.0.0.

    The address of the tiles is `ATLAS_PUBLIC_URL`, or else this request's own. `bounds` and
    `center` are degrees because libraries take every map for one of the earth, whose square in
    Web Mercator stands for the world of the plane; `latent` says how to get from one to the other.
    A model that has not two latent dimensions has no map: 422.
    """
    return describe_tiles(atlas.plan_map(model), address_of(request))


@router.get(
    "/tiles/{model}/{z}/{x}/{y}.png",
    summary="Draw a tile of the map",
    response_class=PngResponse,
    responses=documents.tile_responses(),
)
async def tile(
    request: Request,
    atlas: AtlasDependency,
    model: ModelName,
    z: Annotated[int, _position("Zoom; each level halves the latent step.", MAX_ZOOM)],
    x: Annotated[int, _position("Column, 0 at the left, below 2^z.", 2**MAX_ZOOM - 1)],
    y: Annotated[int, _position("Row, 0 at the top, below 2^z.", 2**MAX_ZOOM - 1)],
    _: IfNoneMatch = None,
) -> Response:
    """8 x 8 pictures of the latent plane, one 8-bit grey PNG; 224 x 224 pixels of 28 x 28 ones.

    The world is the square from -1024 to 1024, cut into 2^z x 2^z tiles; row 0 lies at the top,
    where the second coordinate is largest. A picture stands for a cell and is decoded at its
    centre, so the step between pictures is 2^(8-z), within a tile and across tiles, and z = 8 has
    (0, 0) at the corner of four tiles. The tile equals `/grid` with 8 rows and columns and the
    centres of its outer cells as bounds. It depends on the model and its place alone, so it carries
    a strong ETag. Where no tile is, the answer is 404; a model that has not two latent
    dimensions has no map: 422.
    """
    work = atlas.plan_grid_picture(atlas.plan_tile(model, z, x, y))
    return await send_kept(request, atlas, work, "image/png")
