"""The OpenAPI document: FastAPI's own, completed by what operations declare.

Generated clients need it to be more than FastAPI makes it: one Problem schema for every error,
schemas of the bodies that operations read, limits from the settings, examples.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from service.http.api_key import HEADER
from service.http.operation import Operation
from service.http.problems import Problem
from service.openapi import responses
from service.pictures.formats import MAX_SIDE
from service.settings import Settings

REF = "#/components/schemas/{model}"
TAGS = [
    {"name": "latent space", "description": "Pictures to coordinates, coordinates to pictures."},
    {
        "name": "latent map",
        "description": "The latent plane for map libraries, and what lies on it.",
    },
    {"name": "models", "description": "What is served."},
    {"name": "health", "description": "For orchestrators and load balancers."},
]
IF_NONE_MATCH_EXAMPLE = '"3f8a2c1d9b7e4f60a1b2c3d4e5f60718"'


def install_document(app: FastAPI, operations: Sequence[Operation], settings: Settings) -> None:
    """Make `app.openapi()` answer with the completed document, built once."""
    document: dict[str, Any] = {}

    def openapi() -> dict[str, Any]:
        if not document:
            document.update(_complete(_generate(app, settings), operations, settings))
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend it


def _generate(app: FastAPI, settings: Settings) -> dict[str, Any]:
    address = (settings.public_url or "").rstrip("/") or "/"
    return get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=app.description,
        routes=app.routes,
        tags=TAGS,
        servers=[{"url": address, "description": "This server"}],
        license_info={"name": "MIT", "identifier": "MIT"},
        contact={"name": "The Latent Atlas contributors"},
    )


def _complete(
    document: dict[str, Any], operations: Sequence[Operation], settings: Settings
) -> dict[str, Any]:
    schemas = document["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    document["info"]["description"] += _limits_of_all(settings)
    document["security"] = [{"ApiKey": []}] if settings.has_api_key else []
    if settings.has_api_key:
        scheme = {"type": "apiKey", "in": "header", "name": HEADER}
        document["components"]["securitySchemes"] = {"ApiKey": scheme}
    _add_schema(schemas, Problem)
    for operation in operations:
        if methods := document["paths"].get(operation.path):
            described = methods[operation.method.lower()]
            methods[operation.method.lower()] = _describe(operation, described, settings)
            if operation.body_schema:
                _add_schema(schemas, operation.body_schema)
                _add_form_examples(operation, schemas)
    _put_limits(document, settings)
    document["components"]["schemas"] = dict(sorted(schemas.items()))
    return document


def _describe(
    operation: Operation, generated: dict[str, Any], settings: Settings
) -> dict[str, Any]:
    """What FastAPI says of an operation, with what it declares."""
    described = {key: value for key, value in generated.items() if key != "responses"}
    if operation.limits:
        figures = operation.limits.format_map(settings.model_dump() | {"max_side": MAX_SIDE})
        described["description"] += f"\n\nLimits: {figures}."
    for parameter in described.get("parameters", ()):
        is_header = parameter["in"] == "header"
        parameter["example"] = (
            IF_NONE_MATCH_EXAMPLE if is_header else operation.example[parameter["name"]]
        )
    if operation.body_reader:
        described["requestBody"] = {"required": True, "content": _body_content(operation)}
    if settings.has_api_key and operation.is_open:
        described["security"] = []
    schema = generated["responses"]["200"].get("content", {}).get("application/json")
    described["responses"] = responses.responses_of(operation, schema, settings)
    return described


def _body_content(operation: Operation) -> dict[str, Any]:
    reader, schema = operation.body_reader, operation.body_schema
    if reader is None or reader.media_type is None:
        raise TypeError(f"{operation.name} reads no body that can be documented")
    if schema is None:
        return {reader.media_type: {"schema": {"type": "string", "format": "binary"}}}
    content: dict[str, Any] = {"schema": {"$ref": REF.format(model=schema.__name__)}}
    if "body" in operation.schemas:  # a form has files, which cannot be shown as text
        content["example"] = operation.example
    return {reader.media_type: content}


def _add_form_examples(operation: Operation, schemas: dict[str, Any]) -> None:
    if "form" in operation.schemas:
        properties = schemas[operation.schemas["form"].__name__]["properties"]
        for name, example in operation.example.items():
            properties[name]["examples"] = [example]


def _add_schema(schemas: dict[str, Any], schema: type[Any]) -> None:
    body = schema.model_json_schema(ref_template=REF)
    schemas.update(body.pop("$defs", {}))
    schemas[schema.__name__] = body


def _put_limits(document: dict[str, Any], settings: Settings) -> None:
    """Replace the names of settings, which the schemas' `Limited` left, by their values."""
    for node in _objects(document):
        if "x-limit" in node:
            keyword = "maxItems" if node.get("type") == "array" else "maximum"
            node[keyword] = getattr(settings, node.pop("x-limit"))


def _limits_of_all(settings: Settings) -> str:
    """In words what OpenAPI has no keyword for, or what breaks generators as a keyword."""
    return (
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


def _objects(node: Any) -> Iterator[dict[str, Any]]:
    """Every object in the document, parents before children."""
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from _objects(child)
