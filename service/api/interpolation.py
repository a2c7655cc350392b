"""/interpolate: the pictures between latent points."""

from fastapi import APIRouter, Request, Response

from service.api import responses as documents
from service.api.answers import ApngResponse, PngResponse, send
from service.api.dependencies import atlas_of, read_json
from service.api.inputs import AnimateInput, InterpolateInput

router = APIRouter(tags=["latent space"])


@router.post(
    "/interpolate",
    summary="Draw the pictures between latent points",
    response_class=PngResponse,
    responses=documents.png_responses("POST"),
    openapi_extra=documents.json_request(InterpolateInput, documents.PATH_EXAMPLE),
)
async def interpolate(request: Request) -> Response:
    """One 8-bit grey PNG with the pictures along a path through all points, in one row.

    There are `steps` from each point to the next, so steps * (points - 1) + 1 pictures, the points'
    own among them. `spherical` turns the direction from the origin at a constant rate
    while the length changes in equal steps: between points of one length it is the arc
    (Shoemake's slerp), on which what a VAE's prior makes likely stays likely. Where no arc is
    defined, from or to the origin and between points on opposite sides of it, it goes straight.
    """
    body = await read_json(request, InterpolateInput)
    atlas = atlas_of(request)
    return send(await atlas.answer(atlas.plan_interpolate(body)), "image/png")


@router.post(
    "/interpolate/animation",
    summary="Animate the pictures between latent points",
    response_class=ApngResponse,
    responses=documents.apng_responses(),
    openapi_extra=documents.json_request(AnimateInput, documents.PATH_EXAMPLE | {"bounce": True}),
)
async def animate(request: Request) -> Response:
    """The pictures of `/interpolate` one after the other, as an APNG that plays endlessly.

    Each is shown for `frame_milliseconds`; with `bounce` they are shown forwards and then
    backwards, the two ends once a round. Programs that know no APNG show the first.
    """
    body = await read_json(request, AnimateInput)
    atlas = atlas_of(request)
    return send(await atlas.answer(atlas.plan_animate(body)), "image/apng")
