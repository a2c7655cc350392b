"""/models/{name}/reference: the held-out images of a model, for maps."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from service.api import responses as documents
from service.api.answers import PngResponse, send_kept
from service.api.dependencies import AtlasDependency, IfNoneMatch, refuse_query
from service.operations.reference import ReferenceSet

router = APIRouter(tags=["latent map"], dependencies=[Depends(refuse_query)])

ModelName = Annotated[str, Path(description=documents.MODEL_NAME)]


@router.get(
    "/models/{name}/reference",
    summary="List the reference points of a model",
    response_model=ReferenceSet,
    responses=documents.reference_responses(),
)
async def reference(
    request: Request, atlas: AtlasDependency, name: ModelName, _: IfNoneMatch = None
) -> Response:
    """Where some thousand held-out images lie in latent space, and of which class each is.

    `in_support` of `/encode` is measured to these points. The answer depends on the model alone,
    so it carries a strong ETag.
    """
    return await send_kept(request, atlas, atlas.plan_reference(name), "application/json")


@router.get(
    "/models/{name}/reference.png",
    summary="Draw the reference images of a model",
    response_class=PngResponse,
    responses=documents.png_responses("GET"),
)
async def reference_picture(
    request: Request, atlas: AtlasDependency, name: ModelName, _: IfNoneMatch = None
) -> Response:
    """One 8-bit grey PNG with the images behind the reference points, row by row.

    `thumbnails` in the list of the points says how many there are in a row and how large they
    are. The picture depends on the model alone, so it carries a strong ETag.
    """
    return await send_kept(request, atlas, atlas.plan_reference_picture(name), "image/png")
