"""Texts and response tables of the OpenAPI document that several operations share."""

from typing import Any

from pydantic import BaseModel

IMAGES = "Picture files: PNG, JPEG, WebP, GIF or BMP."
MODEL = "Model name; without it the default model answers."
MODEL_NAME = "Name of a model, as /models lists it."
POLARITY = (
    "The models know light things on black. `auto` inverts a picture whose border is more light "
    "than dark, `keep` and `invert` do as they say."
)
IF_NONE_MATCH = "Entity tags that the client holds; where one is current the answer is 304."
# A light rectangle on black.
PICTURE_EXAMPLE = [
    [0.8 if 5 <= row < 23 and 9 <= column < 19 else 0.0 for column in range(28)]
    for row in range(28)
]
PIXELS_EXAMPLE: dict[str, Any] = {"model": "vae", "images": [PICTURE_EXAMPLE]}
LATENTS_EXAMPLE = {"model": "vae", "latents": [[0.0, 0.0], [-1.5, 0.5]]}

PATH_EXAMPLE: dict[str, Any] = {
    "model": "vae",
    "latents": [[-2.0, 0.0], [0.0, 2.0], [2.0, 0.0]],
    "method": "spherical",
    "steps": 8,
}

Responses = dict[int | str, dict[str, Any]]

PROBLEM_CONTENT = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
PROBLEM_DESCRIPTIONS = {
    400: "The request cannot be parsed.",
    401: "The key is missing or wrong.",
    404: "No model of that name is served.",
    413: "The body or a picture is over the documented limit.",
    415: "The body or a file is in a format that this operation does not read.",
    422: "A value is wrong; `errors` names the place.",
    500: "The service failed, through no fault of the request.",
    503: "All places are taken or the model is not ready; Retry-After says when to try again.",
}
VERSION_HEADERS: dict[str, Any] = {
    "Atlas-Model": {
        "description": "Name of the model that answered.",
        "schema": {"type": "string"},
    },
    "Atlas-Model-Version": {
        "description": "Its version; all of an answer is from this one.",
        "schema": {"type": "integer"},
    },
}
CACHE_HEADERS: dict[str, Any] = {
    "ETag": {
        "description": "Strong entity tag: equal for equal bytes.",
        "schema": {"type": "string"},
    },
    "Cache-Control": {
        "description": "A cache may keep the answer but must ask whether it is current.",
        "schema": {"type": "string"},
    },
}
NOT_MODIFIED: dict[str, Any] = {
    "description": "The client's copy is current.",
    "headers": CACHE_HEADERS,
}
RETRY_HEADER: dict[str, Any] = {
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}
}


REQUEST_ID_HEADER: dict[str, Any] = {
    "X-Request-ID": {
        "description": "The request's id in the log: the client's own X-Request-ID where it is at "
        "most 64 of A-Z a-z 0-9 . _ : / + = @ -, otherwise a new one.",
        "schema": {"type": "string"},
    }
}
CHALLENGE_HEADER: dict[str, Any] = {
    "WWW-Authenticate": {"description": "Names the key's header.", "schema": {"type": "string"}}
}

PROBLEM_HEADERS = {401: CHALLENGE_HEADER, 503: RETRY_HEADER}


def problems(*statuses: int) -> Responses:
    """The documented error answers of an operation."""
    return {
        status: {
            "description": PROBLEM_DESCRIPTIONS[status],
            "content": PROBLEM_CONTENT,
            **({"headers": PROBLEM_HEADERS[status]} if status in PROBLEM_HEADERS else {}),
        }
        for status in statuses
    }


def encode_responses() -> Responses:
    """Answers of the encode operations."""
    return {
        200: {"description": "One entry an image, in order.", "headers": VERSION_HEADERS},
        **problems(400, 404, 413, 415, 422, 503),
    }


def metrics_responses() -> Responses:
    """Answers of /metrics."""
    content = {"text/plain": {"schema": {"type": "string"}}}
    return {200: {"description": "One sample a line.", "content": content}, **problems(422)}


def decode_pixels_responses() -> Responses:
    """Answers of /decode/pixels."""
    return {
        200: {"description": "One image a latent point, in order.", "headers": VERSION_HEADERS},
        **problems(400, 404, 413, 415, 422, 503),
    }


def png_responses(method: str) -> Responses:
    """Answers of an operation that draws; a GET can be cached and has no body to refuse."""
    is_get = method == "GET"
    picture: dict[str, Any] = {
        "description": "An 8-bit grey PNG.",
        "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}},
        "headers": VERSION_HEADERS | (CACHE_HEADERS if is_get else {}),
    }
    if is_get:
        return {200: picture, 304: NOT_MODIFIED, **problems(404, 422, 503)}
    return {200: picture, **problems(400, 404, 413, 415, 422, 503)}


def apng_responses() -> Responses:
    """Answers of an operation that animates."""
    moving = {
        "description": "An 8-bit grey APNG that plays endlessly.",
        "content": {"image/apng": {"schema": {"type": "string", "format": "binary"}}},
    }
    responses = png_responses("POST")
    return responses | {200: responses[200] | moving}


def tile_responses() -> Responses:
    """Answers of an operation that draws a tile of a map."""
    missing = {"description": "No model of that name is served, or its map has no such tile."}
    responses = png_responses("GET")
    return responses | {404: responses[404] | missing}


def tilejson_responses() -> Responses:
    """Answers of /tiles/{model}.json."""
    return {200: {"description": "A map in TileJSON 3.0.0."}, **problems(400, 404, 422, 503)}


def reference_responses() -> Responses:
    """Answers of /models/{name}/reference."""
    listed = {
        "description": "One point and one label an image, in one order.",
        "headers": VERSION_HEADERS | CACHE_HEADERS,
    }
    return {200: listed, 304: NOT_MODIFIED, **problems(404, 422, 503)}


def form_request(schema: type[BaseModel]) -> dict[str, Any]:
    """The request body of an operation whose route reads the form itself."""
    reference = {"$ref": f"#/components/schemas/{schema.__name__}"}
    content = {"multipart/form-data": {"schema": reference}}
    return {"requestBody": {"required": True, "content": content}}


def json_request(schema: type[BaseModel], example: dict[str, Any]) -> dict[str, Any]:
    """The request body of an operation whose route reads the JSON itself."""
    reference = {"$ref": f"#/components/schemas/{schema.__name__}"}
    content = {"application/json": {"schema": reference, "example": example}}
    return {"requestBody": {"required": True, "content": content}}
