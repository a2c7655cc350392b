"""Answers of the operations on latent spaces: bytes, and headers that tell where they are from."""

from fastapi import Request, Response

from service.operations.atlas import Answer, Atlas, Work
from service.operations.etags import CACHE_CONTROL, is_current


class PngResponse(Response):
    """A PNG picture."""

    media_type = "image/png"


class ApngResponse(Response):
    """An animated PNG."""

    media_type = "image/apng"


def send(answer: Answer, media_type: str, headers: dict[str, str] | None = None) -> Response:
    """The answer, with the model and version that all of it came from."""
    manifest = answer.artifact.manifest
    version = {"Atlas-Model": manifest.name, "Atlas-Model-Version": str(manifest.version)}
    return Response(answer.content, headers=version | (headers or {}), media_type=media_type)


async def send_kept(request: Request, atlas: Atlas, work: Work, media_type: str) -> Response:
    """The answer of work whose key is its entity tag, or 304 where the client holds it.

    Raises Overloaded.
    """
    assert work.key is not None
    headers = {"ETag": work.key, "Cache-Control": CACHE_CONTROL}
    if is_current(request.headers.get("if-none-match"), work.key):
        return Response(status_code=304, headers=headers)
    return send(await atlas.answer(work), media_type, headers)
