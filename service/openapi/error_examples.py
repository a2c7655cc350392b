"""Examples of errors in the OpenAPI document: what wrong requests to each operation are told.

A test sends such a request for each and holds the answer to it.
"""

from typing import Any, NamedTuple

from service.errors import Fault
from service.http.problems import problem_body
from service.settings import Settings


class Told(NamedTuple):
    """A problem's detail, in which braces hold names of settings, and what it says of a place."""

    detail: str
    place: str | None = None
    fault: str | None = None  # without it the detail again


ALL = {
    400: Told("the body is not valid JSON", "/body"),
    401: Told("this operation needs the right key in the header X-API-Key"),
    404: Told("no model of that name is served"),
    413: Told("the body is larger than {max_body_bytes} bytes"),
    415: Told("this operation reads application/json"),
    422: Told("this parameter is not known", "/query/colour"),
    500: Told("the service failed; the log says why"),
    503: Told("all places and the queue are taken"),
}
FORM = {
    400: Told("the media type names no boundary"),
    413: Told("the picture has more than {max_picture_pixels} pixels", "/form/images/0"),
    415: Told("not a PNG, JPEG, WebP, GIF or BMP file", "/form/images/1"),
    422: Told("the picture is damaged and cannot be decoded", "/form/images/0"),
}
POINTS = {422: Told("expected 2 coordinates", "/body/latents/1")}
MANIFEST = {503: Told("the model failed to load")}
OWN = {
    "encode": FORM,
    "encode_pixels": {422: Told("expected 28 rows of 28 values", "/body/images/0")},
    "reconstruct": FORM,
    "decode": POINTS,
    "decode_pixels": POINTS,
    "interpolate": POINTS,
    "animate": POINTS,
    "grid": {422: Told("x_min must be less than x_max", "/query/x_min")},
    "tiles": MANIFEST | {400: Told("the header Host does not name a host")},
    "tile": {
        404: Told("there is no tile at this zoom, column and row", "/path"),
        422: Told(
            "Input should be a valid integer, unable to parse string as an integer", "/path/z"
        ),
    },
    "get_model": MANIFEST,
    "get_statistics": MANIFEST,
    "readyz": {503: Told("not every model is ready", "/models/vae", "still loading")},
}


def error_example(operation: str, status: int, settings: Settings) -> dict[str, Any]:
    """A Problem that the operation answers with `status`."""
    told = OWN.get(operation, {}).get(status) or ALL[status]
    detail = told.detail.format_map(settings.model_dump())
    faults = [Fault(told.place, told.fault or detail)] if told.place else []
    return problem_body(status, detail, faults).model_dump()
