"""What routes need of a request: the running app's parts, checked bodies, strict parameters."""

import re
from typing import Annotated

from fastapi import Depends, Header, Request
from starlette.datastructures import QueryParams

from service.api import responses as documents
from service.api.inputs import EncodeInput
from service.errors import Fault, Invalid, Malformed, MediaTypeUnsupported, pointer
from service.http.bodies import Schema, check
from service.http.forms import read_form
from service.operations.atlas import Atlas
from service.serving.lifecycle import Lifecycle
from service.serving.metrics import Metrics

# A name or an address of IPv4 or IPv6, and a port (RFC 3986 section 3.2.2, less its rare forms).
HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")


# These do not wait, yet are `async`: FastAPI would send a plain function to a thread.
async def get_atlas(request: Request) -> Atlas:
    """The atlas of the running app."""
    return atlas_of(request)


async def get_lifecycle(request: Request) -> Lifecycle:
    """The lifecycle of the running app."""
    lifecycle: Lifecycle = request.app.state.lifecycle
    return lifecycle


async def get_metrics(request: Request) -> Metrics:
    """The metrics of the running app."""
    metrics: Metrics = request.app.state.metrics
    return metrics


async def refuse_query(request: Request) -> None:
    """Refuse every query parameter, for operations that know none."""
    check_query(request.query_params)


AtlasDependency = Annotated[Atlas, Depends(get_atlas)]
LifecycleDependency = Annotated[Lifecycle, Depends(get_lifecycle)]
MetricsDependency = Annotated[Metrics, Depends(get_metrics)]
# Read from the request where it is needed; named here for the document.
IfNoneMatch = Annotated[
    str | None, Header(alias="if-none-match", description=documents.IF_NONE_MATCH)
]


def atlas_of(request: Request) -> Atlas:
    """The atlas of the running app."""
    atlas: Atlas = request.app.state.atlas
    return atlas


def address_of(request: Request) -> str:
    """Where clients reach the service, as set or as this request names it; no slash at its end.

    Raises Malformed where the request names no host.
    """
    if public_url := atlas_of(request).settings.public_url:
        return public_url.rstrip("/")
    host = request.headers.get("host", "")
    if not HOST.fullmatch(host):
        raise Malformed("the header Host does not name a host")
    return f"{request.scope['scheme']}://{host}"


async def read_json(request: Request, schema: type[Schema]) -> Schema:
    """The body as `schema`: strictly, within limits, faults placed; no query beside it.

    FastAPI's own body parsing would build every number twice and knows no limits from settings.
    """
    check_query(request.query_params)
    _require_media_type(request, "application/json")
    return await atlas_of(request).parse(schema, await request.body())


async def read_encode_form(request: Request) -> EncodeInput:
    """The form of /encode: strictly, within limits, faults placed; no query beside it."""
    check_query(request.query_params)
    content_type = _require_media_type(request, "multipart/form-data")
    form = await read_form(content_type, request.stream(), atlas_of(request).settings.max_images)
    return check(EncodeInput, form, "form")


def refuse_compressed(request: Request) -> None:
    """Refuse a body with a content coding: what it unpacks to is in no proportion to its size."""
    if request.headers.get("content-encoding", "identity") != "identity":
        raise MediaTypeUnsupported("compressed bodies are not read")


def read_query(parameters: QueryParams, schema: type[Schema]) -> Schema:
    """A query as `schema`: nothing unknown, nothing twice, faults placed.

    Raises Invalid.
    """
    check_query(parameters, *schema.model_fields)
    return check(schema, dict(parameters), "query")


def check_query(parameters: QueryParams, *known: str) -> None:
    """Refuse query parameters that are not `known`, or given twice.

    Raises Invalid.
    """
    names = [name for name, _ in parameters.multi_items()]
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


def _require_media_type(request: Request, expected: str) -> str:
    given = request.headers.get("content-type", "")
    if given.partition(";")[0].strip().lower() != expected:
        raise MediaTypeUnsupported(f"this operation reads {expected}")
    refuse_compressed(request)
    return given
