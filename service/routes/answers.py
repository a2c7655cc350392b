"""Answers of the operations on latent spaces: bytes, and headers that tell where they are from."""

from fastapi import Request, Response

from service.atlas import Answer, Atlas
from service.caching import CACHE_CONTROL, grid_tag, is_current
from service.grids import Grid


class PngResponse(Response):
    """A PNG picture."""

    media_type = "image/png"


def send(answer: Answer, media_type: str, headers: dict[str, str] | None = None) -> Response:
    """The answer, with the model and version that all of it came from."""
    manifest = answer.artifact.manifest
    version = {"Atlas-Model": manifest.name, "Atlas-Model-Version": str(manifest.version)}
    return Response(answer.content, headers=version | (headers or {}), media_type=media_type)


async def send_grid(request: Request, atlas: Atlas, grid: Grid) -> Response:
    """The picture of a grid, or 304 where the client holds it.

    Raises Overloaded.
    """
    headers = {"ETag": grid_tag(grid), "Cache-Control": CACHE_CONTROL}
    if is_current(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    picture = await atlas.answer(atlas.plan_grid_picture(grid, headers["ETag"]))
    return send(picture, "image/png", headers)
