"""The latent plane as a map that every map library can show, and what lies on it."""

from service.api import examples
from service.api.examples import WRONG_MODEL, WRONG_PATH
from service.api.latent_space import KEPT_PNG
from service.api.requests import MapPath, ModelPath, TilePath
from service.api.responses import ReferenceSet
from service.api.tilejson import TileJson, describe_tiles
from service.errors import Malformed
from service.http.exchange import Exchange
from service.http.hosts import host_name
from service.http.operation import JSON, Answers, Operation, OperationRouter, Wrong
from service.operations.grids import check_has_map, draw_tile
from service.operations.reference import draw_reference, list_reference
from service.serving.atlas import Atlas
from service.serving.work import Work
from service.settings import Settings

router = OperationRouter("latent map")


@router.plan(
    Operation(
        "GET",
        "/tiles/{model}.json",
        Answers(JSON, "A map in TileJSON 3.0.0.", TileJson, examples.TILES),
        "Describe the map of a latent plane",
        example={"model": "vae"},
        wrong={
            **WRONG_MODEL,
            400: Wrong(
                detail="the header Host does not name a host",
                request={"headers": {"host": "no host"}},
            ),
        },
    )
)
def tiles(atlas: Atlas, path: MapPath, exchange: Exchange) -> TileJson:
    """Where the tiles of a map are and how they lie, as TileJSON 3.0.0.

    The address of the tiles is `ATLAS_PUBLIC_URL`, or else this request's own. `bounds` and
    `center` are degrees because libraries take every map for one of the earth, whose square in
    Web Mercator stands for the world of the plane; `latent` says how to get from one to the other.
    A model that has not two latent dimensions has no map: 422.
    """
    artifact = atlas.registry.get(path.model)
    check_has_map(artifact, atlas.settings)
    return describe_tiles(artifact, address_of(exchange, atlas.settings))


@router.plan(
    Operation(
        "GET",
        "/tiles/{model}/{z}/{x}/{y}.png",
        KEPT_PNG,
        "Draw a tile of the map",
        limits="{max_output_pixels} pixels, which models of large pictures may exceed",
        example={"model": "vae", "z": 10, "x": 511, "y": 512},
        wrong={
            **WRONG_PATH,
            404: Wrong(
                detail="there is no tile at this zoom, column and row",
                pointer="/path",
                request={"path": {"x": 1024}},
            ),
            422: Wrong(
                detail="Input should be a valid integer, unable to parse string as an integer",
                pointer="/path/z",
                request={"path": {"z": "ten"}},
            ),
        },
        error_descriptions={
            404: "No model of that name is served, or its map has no such tile.",
        },
    )
)
def tile(atlas: Atlas, path: TilePath) -> Work[bytes]:
    """8 x 8 pictures of the latent plane, one 8-bit grey PNG; 224 x 224 pixels of 28 x 28 ones.

    The world is the square from -1024 to 1024, cut into 2^z x 2^z tiles; row 0 lies at the top,
    where the second coordinate is largest. A picture stands for a cell and is decoded at its
    centre, so the step between pictures is 2^(8-z), within a tile and across tiles, and z = 8 has
    (0, 0) at the corner of four tiles. The tile equals `/grid` with 8 rows and columns and the
    centres of its outer cells as bounds. It depends on the model and its place alone, so it carries
    a strong ETag. Where no tile is, the answer is 404; a model that has not two latent
    dimensions has no map: 422.
    """
    artifact = atlas.registry.get(path.model)
    return draw_tile(artifact, atlas.settings, path.z, path.x, path.y)


@router.plan(
    Operation(
        "GET",
        "/models/{name}/reference",
        Answers(
            JSON,
            "One point and one label an image, in one order.",
            ReferenceSet,
            examples.REFERENCE,
            is_kept=True,
        ),
        "List the reference points of a model",
        example={"name": "vae"},
        wrong=WRONG_PATH,
    )
)
def reference(atlas: Atlas, path: ModelPath) -> Work[bytes]:
    """Where some thousand held-out images lie in latent space, and of which class each is.

    `in_support` of `/encode` is measured to these points. The answer depends on the model alone,
    so it carries a strong ETag.
    """
    return list_reference(atlas.registry.get(path.name))


@router.plan(
    Operation(
        "GET",
        "/models/{name}/reference.png",
        KEPT_PNG,
        "Draw the reference images of a model",
        example={"name": "vae"},
        wrong=WRONG_PATH,
    )
)
def reference_picture(atlas: Atlas, path: ModelPath) -> Work[bytes]:
    """One 8-bit grey PNG with the images behind the reference points, row by row.

    `thumbnails` in the list of the points says how many there are in a row and how large they
    are. The picture depends on the model alone, so it carries a strong ETag.
    """
    return draw_reference(atlas.registry.get(path.name))


def address_of(exchange: Exchange, settings: Settings) -> str:
    """Where clients reach the service, as set or as the request names it; no slash at its end.

    Raises Malformed where the request names no host.
    """
    if settings.public_url:
        return settings.public_url.rstrip("/")
    host = exchange.header("host") or ""
    if host_name(host) is None:
        raise Malformed("the header Host does not name a host")
    return f"{exchange.scope['scheme']}://{host}"
