"""/encode, /reconstruct, /decode and /grid: parse, one call, send.

Endpoints take the request alone, so that `dispatch` can call them; what they read of it is
documented beside them.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from service.api import responses as documents
from service.api.answers import PngResponse, send, send_kept
from service.api.dependencies import atlas_of, read_encode_form, read_json, read_query
from service.api.inputs import (
    DecodeInput,
    DecodePixelsInput,
    EncodeInput,
    EncodePixelsInput,
    GridQuery,
)
from service.api.outputs import DecodePixelsOutput, EncodeOutput, ReconstructOutput

router = APIRouter(tags=["latent space"])


@router.post(
    "/encode",
    summary="Encode uploaded pictures",
    response_model=EncodeOutput,
    responses=documents.encode_responses(),
    openapi_extra=documents.form_request(EncodeInput),
)
async def encode(request: Request) -> Response:
    """Latent coordinates of 1 to many PNG, JPEG, WebP, GIF or BMP files, one entry a file.

    A picture is turned upright (EXIF), its transparency shown on the model's background, made
    grey (ITU-R BT.601 luma), inverted if it is dark on light (`polarity`), resized with its
    aspect kept and padded. `applied` in the answer lists what was done. A VAE answers with the
    mean, never a sample: the same picture always gives the same latents.
    """
    form = await read_encode_form(request)
    atlas = atlas_of(request)
    return send(await atlas.answer(atlas.plan_encode_files(form)), "application/json")


@router.post(
    "/encode/pixels",
    summary="Encode images given as numbers",
    response_model=EncodeOutput,
    responses=documents.encode_responses(),
    openapi_extra=documents.json_request(EncodePixelsInput, documents.PIXELS_EXAMPLE),
)
async def encode_pixels(request: Request) -> Response:
    """Latent coordinates of images as rows of values from 0 (background) to 1, one entry an image.

    Images have the model's own height and width. The answer equals that of `/encode` for the
    same images as PNG files.
    """
    body = await read_json(request, EncodePixelsInput)
    atlas = atlas_of(request)
    return send(await atlas.answer(atlas.plan_encode_pixels(body)), "application/json")


@router.post(
    "/reconstruct",
    summary="Encode uploaded pictures and decode them again",
    response_model=ReconstructOutput,
    responses=documents.encode_responses(),
    openapi_extra=documents.form_request(EncodeInput),
)
async def reconstruct(request: Request) -> Response:
    """What the model makes of 1 to many PNG, JPEG, WebP, GIF or BMP files, one entry a file.

    Pictures are prepared, and latents told, as by `/encode`. Beside them stand the prepared
    picture, the decoded mean, and how far the one is from the other.
    """
    form = await read_encode_form(request)
    atlas = atlas_of(request)
    return send(await atlas.answer(atlas.plan_reconstruct(form)), "application/json")


@router.post(
    "/decode",
    summary="Decode latent points to a mosaic",
    response_class=PngResponse,
    responses=documents.png_responses("POST"),
    openapi_extra=documents.json_request(DecodeInput, documents.LATENTS_EXAMPLE),
)
async def decode(request: Request) -> Response:
    """One 8-bit grey PNG with the picture of each latent point, row by row.

    Without `columns` the mosaic is as square as possible; places after the last are black.
    """
    body = await read_json(request, DecodeInput)
    atlas = atlas_of(request)
    return send(await atlas.answer(atlas.plan_decode(body)), "image/png")


@router.post(
    "/decode/pixels",
    summary="Decode latent points to numbers",
    response_model=DecodePixelsOutput,
    responses=documents.decode_pixels_responses(),
    openapi_extra=documents.json_request(DecodePixelsInput, documents.LATENTS_EXAMPLE),
)
async def decode_pixels(request: Request) -> Response:
    """The picture of each latent point as rows of values from 0 (background) to 1."""
    body = await read_json(request, DecodePixelsInput)
    atlas = atlas_of(request)
    return send(await atlas.answer(atlas.plan_decode_pixels(body)), "application/json")


async def document_grid(
    query: Annotated[GridQuery, Query()],
    if_none_match: Annotated[str | None, Header(description=documents.IF_NONE_MATCH)] = None,
) -> None:
    """Nothing but the parameters of /grid, from which FastAPI writes the document."""


@router.get(
    "/grid",
    summary="Draw a grid of the latent plane",
    dependencies=[Depends(document_grid)],
    response_class=PngResponse,
    responses=documents.png_responses("GET"),
)
async def grid(request: Request) -> Response:
    """One 8-bit grey PNG that samples the latent plane systematically.

    Row 0 lies at `y_max`, column 0 at `x_min`, and both ends are included: the defaults give 21 x
    21 points from -4 to 4, 588 x 588 pixels, with z = (-4, 4) top left and z = (4, -4) bottom
    right. A single row or column lies in the middle of its bounds. `x_min` is less than `x_max`,
    `y_min` than `y_max`, and the model has two latent dimensions; otherwise the answer is 422.
    The picture depends on the model and the query alone, so it carries a strong ETag.
    """
    atlas = atlas_of(request)
    plan = atlas.plan_grid(read_query(request.query_params, GridQuery))
    return await send_kept(request, atlas, atlas.plan_grid_picture(plan), "image/png")
