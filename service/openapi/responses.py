"""The responses of an operation in the OpenAPI document: what it answers, and each error."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from service.errors import Fault
from service.http import api_key
from service.http.operation import Operation, Wrong
from service.http.problems import FAILED, MEDIA_TYPE, Refusal, problem_of
from service.settings import Settings

ERROR_DESCRIPTIONS = {
    400: "The request cannot be parsed.",
    401: "The key is missing or wrong.",
    404: "No model of that name is served.",
    413: "The body or a picture is over the documented limit.",
    415: "The body or a file is in a format that this operation does not read.",
    422: "A value is wrong; `errors` names the place.",
    500: "The service failed, through no fault of the request.",
    503: "All places are taken or the model is not ready; Retry-After says when to try again.",
}

Headers = dict[str, dict[str, Any]]


def _header(description: str, kind: str = "string") -> dict[str, Any]:
    return {"description": description, "schema": {"type": kind}, "required": True}


MODEL_HEADERS: Headers = {
    "Atlas-Model": _header("Name of the model that answered."),
    "Atlas-Model-Version": _header("Its version; all of an answer is from this one.", "integer"),
}
CACHE_HEADERS: Headers = {
    "ETag": _header("Strong entity tag: equal for equal bytes."),
    "Cache-Control": _header("A cache may keep the answer but must ask whether it is current."),
}
REQUEST_ID_HEADER: Headers = {
    "X-Request-ID": _header(
        "The request's id in the log: the client's own X-Request-ID where it is at "
        "most 64 of A-Z a-z 0-9 . _ : / + = @ -, otherwise a new one."
    )
}
ERROR_HEADERS: Mapping[int, Headers] = {
    401: {"WWW-Authenticate": _header("Names the key's header.")},
    503: {"Retry-After": _header("Seconds to wait.", "integer")},
}


def responses_of(
    operation: Operation, json_content: dict[str, Any] | None, settings: Settings
) -> dict[str, Any]:
    """Every response by its status; `json_content` is FastAPI's of a JSON answer."""
    responses: dict[str, Any] = {"200": _success(operation, json_content)}
    if operation.answers.is_kept:
        responses["304"] = {
            "description": "The client's copy is current.",
            "headers": CACHE_HEADERS | REQUEST_ID_HEADER,
        }
    for status, wrong in sorted(operation.wrong.items()):
        responses[str(status)] = _error(operation, status, wrong, settings)
    if settings.has_api_key and not operation.is_open:
        responses["401"] = _error(operation, 401, Wrong(api_key.DETAIL), settings)
    responses["500"] = _error(operation, 500, Wrong(FAILED), settings)
    return responses


def _success(operation: Operation, json_content: dict[str, Any] | None) -> dict[str, Any]:
    answers = operation.answers
    headers = {
        **(MODEL_HEADERS if operation.names_model else {}),
        **(CACHE_HEADERS if answers.is_kept else {}),
        **REQUEST_ID_HEADER,
    }
    if answers.media_type.startswith("image/"):  # which cannot be shown as text
        content: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
    elif answers.schema is None:
        content = {"schema": {"type": "string"}, "example": answers.example}
    else:
        content = {**(json_content or {}), "example": answers.example}
    return {
        "description": answers.description,
        "content": {answers.media_type: content},
        "headers": headers,
    }


def _error(operation: Operation, status: int, wrong: Wrong, settings: Settings) -> dict[str, Any]:
    description = operation.error_descriptions.get(status, ERROR_DESCRIPTIONS[status])
    content = {
        "schema": {"$ref": "#/components/schemas/Problem"},
        "example": _problem(status, wrong, settings),
    }
    headers = ERROR_HEADERS.get(status, {}) | REQUEST_ID_HEADER
    return {"description": description, "content": {MEDIA_TYPE: content}, "headers": headers}


def _problem(status: int, wrong: Wrong, settings: Settings) -> dict[str, Any]:
    detail = wrong.detail.format_map(settings.model_dump())
    faults = [Fault(wrong.pointer, wrong.fault or detail)] if wrong.pointer else []
    return problem_of(Refusal(HTTPStatus(status), detail, faults)).model_dump()
