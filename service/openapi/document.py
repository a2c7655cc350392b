"""The OpenAPI document: FastAPI's own, completed so that generated clients work.

What it adds: one Problem schema for every error, schemas of bodies that routes read themselves,
and limits from the settings.
"""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from service.api import responses as documents
from service.api.inputs import (
    AnimateInput,
    DecodeInput,
    DecodePixelsInput,
    EncodeInput,
    EncodePixelsInput,
    InterpolateInput,
)
from service.api.outputs import Problem
from service.http.api_key import HEADER, OPEN_PATHS
from service.openapi.examples import FORM, add_examples
from service.pictures.formats import MAX_SIDE
from service.settings import Settings

REF = "#/components/schemas/{model}"
ADDED_SCHEMAS: tuple[type[BaseModel], ...] = (
    DecodeInput,
    DecodePixelsInput,
    EncodeInput,
    EncodePixelsInput,
    InterpolateInput,
    AnimateInput,
    Problem,
)
TAGS = [
    {"name": "latent space", "description": "Pictures to coordinates, coordinates to pictures."},
    {
        "name": "latent map",
        "description": "The latent plane for map libraries, and what lies on it.",
    },
    {"name": "models", "description": "What is served."},
    {"name": "health", "description": "For orchestrators and load balancers."},
]
# Query limits depend on settings, so the schema's class cannot hold them.
QUERY_LIMITS = {"rows": "max_tiles", "columns": "max_tiles", "scale": "max_scale"}
LIMITS = {
    "encode": "{max_images} files, {max_picture_pixels} pixels and a side of {max_side} a file, "
    "{max_request_pixels} pixels and {max_body_bytes} bytes in all",
    "encode_pixels": "{max_images} images, {max_body_bytes} bytes",
    "reconstruct": "as /encode, and {max_output_numbers} pixel values of the answer",
    "decode": "{max_latents} points, {max_tiles} tiles, {max_output_pixels} pixels of the mosaic, "
    "{max_body_bytes} bytes",
    "decode_pixels": "{max_images} points, {max_output_numbers} pixel values of the answer, "
    "{max_body_bytes} bytes",
    "interpolate": "{max_latents} pictures, {max_output_pixels} pixels of them all, "
    "{max_body_bytes} bytes",
    "animate": "{max_latents} pictures, {max_output_pixels} pixels of all frames, with `bounce` "
    "there and back, {max_body_bytes} bytes",
    "tile": "{max_output_pixels} pixels, which models of large pictures may exceed",
    "grid": "{max_tiles} tiles, {max_output_pixels} pixels",
}


def install_document(app: FastAPI, settings: Settings) -> None:
    """Make `app.openapi()` answer with the completed document, built once."""
    document: dict[str, Any] = {}

    def openapi() -> dict[str, Any]:
        if not document:
            document.update(_complete(_generate(app), settings))
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend it


def _generate(app: FastAPI) -> dict[str, Any]:
    return get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=app.description,
        routes=app.routes,
        tags=TAGS,
        servers=[{"url": "/", "description": "This server"}],
        license_info={"name": "MIT", "identifier": "MIT"},
        contact={"name": "The Latent Atlas contributors"},
    )


def _complete(document: dict[str, Any], settings: Settings) -> dict[str, Any]:
    schemas = document["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for schema in ADDED_SCHEMAS:
        body = schema.model_json_schema(ref_template=REF)
        schemas.update(body.pop("$defs", {}))
        schemas[schema.__name__] = body
    for node in _objects(document):
        if "x-limit" in node:
            node["maxItems" if node.get("type") == "array" else "maximum"] = getattr(
                settings, node.pop("x-limit")
            )
    for field, example in FORM.items():
        schemas["EncodeInput"]["properties"][field]["examples"] = [example]
    for parameter in document["paths"]["/grid"]["get"]["parameters"]:
        if limit := QUERY_LIMITS.get(parameter["name"]):
            parameter["schema"]["maximum"] = getattr(settings, limit)
    _describe_limits(document, settings)
    _describe_every_answer(document, settings)
    document["components"]["schemas"] = dict(sorted(schemas.items()))
    return document


def _describe_limits(document: dict[str, Any], settings: Settings) -> None:
    """Say in words what OpenAPI has no keyword for, or what breaks generators as a keyword."""
    document["info"]["description"] += (
        f"\n\nLimits: {settings.max_body_bytes} bytes a request body, {settings.max_images} images "
        f"a request, {settings.max_picture_pixels} pixels an uploaded picture and "
        f"{settings.max_request_pixels} in all of a request, "
        f"{settings.max_latents} latent points a request, {settings.max_tiles} tiles and "
        f"{settings.max_output_pixels} pixels a mosaic, {settings.max_output_numbers} pixel values "
        "in an answer of numbers."
        "\n\nEvery error is a Problem: 413 for bytes of a body and pixels of uploaded pictures "
        "over their limits, 422 for whatever else is over one. A 503 may be tried again after the "
        "seconds of its Retry-After; the others will be the same again."
        "\n\nNot described here: the page for people at `/`, and the same models in the Open "
        "Inference Protocol v2 at `/v2`, for clients of KServe and Triton."
    )
    for methods in document["paths"].values():
        for operation in methods.values():
            if limits := LIMITS.get(operation["operationId"]):
                figures = limits.format_map(settings.model_dump() | {"max_side": MAX_SIDE})
                operation["description"] += f"\n\nLimits: {figures}."


def _describe_every_answer(document: dict[str, Any], settings: Settings) -> None:
    """What holds for all operations: the request's id, failures, examples, and a key if set."""
    has_key = settings.has_api_key
    document["security"] = [{"ApiKey": []}] if has_key else []
    if has_key:
        scheme = {"type": "apiKey", "in": "header", "name": HEADER}
        document["components"]["securitySchemes"] = {"ApiKey": scheme}
    for path, methods in document["paths"].items():
        for operation in methods.values():
            if has_key and path in OPEN_PATHS:
                operation["security"] = []
            elif has_key:
                operation["responses"]["401"] = documents.problems(401)[401]
            operation["responses"]["500"] = documents.problems(500)[500]
            add_examples(operation, settings)
            for status, answer in operation["responses"].items():
                headers = {**answer.get("headers", {}), **documents.REQUEST_ID_HEADER}
                sent = {name: {**header, "required": True} for name, header in headers.items()}
                operation["responses"][status] = {**answer, "headers": sent}


def _objects(node: Any) -> Iterator[dict[str, Any]]:
    """Every object in the document, parents before children."""
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from _objects(child)
