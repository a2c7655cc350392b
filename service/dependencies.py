"""What routes ask FastAPI for, named once: the atlas, checked bodies, strict parameters."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request

from service.atlas import Atlas
from service.bodies import Schema, check
from service.errors import Fault, Invalid, MediaTypeUnsupported, pointer
from service.forms import read_form
from service.lifecycle import Lifecycle
from service.metrics import Metrics
from service.schemas import EncodeInput


# These do not wait, yet are `async`: FastAPI would send a plain function to a thread.
async def get_atlas(request: Request) -> Atlas:
    """The atlas of the running app."""
    atlas: Atlas = request.app.state.atlas
    return atlas


async def get_lifecycle(request: Request) -> Lifecycle:
    """The lifecycle of the running app."""
    lifecycle: Lifecycle = request.app.state.lifecycle
    return lifecycle


async def get_metrics(request: Request) -> Metrics:
    """The metrics of the running app."""
    metrics: Metrics = request.app.state.metrics
    return metrics


AtlasDependency = Annotated[Atlas, Depends(get_atlas)]
LifecycleDependency = Annotated[Lifecycle, Depends(get_lifecycle)]
MetricsDependency = Annotated[Metrics, Depends(get_metrics)]


def json_body(schema: type[Schema]) -> Callable[..., Awaitable[Schema]]:
    """A dependency that reads the body as `schema`: strictly, within limits, faults placed.

    FastAPI's own body parsing would build every number twice and knows no limits from settings.
    """

    async def parse(request: Request, atlas: AtlasDependency) -> Schema:
        _require_media_type(request, "application/json")
        return await atlas.parse(schema, await request.body())

    return parse


async def read_encode_form(request: Request, atlas: AtlasDependency) -> EncodeInput:
    """The form of /encode: strictly, within limits, faults placed."""
    _require_media_type(request, "multipart/form-data")
    content_type = request.headers["content-type"]
    form = await read_form(content_type, request.stream(), atlas.settings.max_images)
    return check(EncodeInput, form, "form")


def strict_query(*known: str) -> Callable[[Request], Awaitable[None]]:
    """A dependency that refuses query parameters that are not `known`, or given twice."""

    async def check(request: Request) -> None:
        names = [name for name, _ in request.query_params.multi_items()]
        faults = [
            Fault(
                pointer("query", name),
                "this parameter is given more than once"
                if name in known
                else "this parameter is not known",
            )
            for name in dict.fromkeys(names)
            if name not in known or names.count(name) > 1
        ]
        if faults:
            raise Invalid.at(faults)

    return check


def _require_media_type(request: Request, expected: str) -> None:
    found = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if found != expected:
        raise MediaTypeUnsupported(f"this operation reads {expected}")
