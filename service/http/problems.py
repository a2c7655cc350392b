"""The one place that turns errors into HTTP answers: problem details (RFC 9457)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from service import errors
from service.http.answer import Answer, answer_with
from service.http.api_key import HEADER

MEDIA_TYPE = "application/problem+json"
FAILED = "the service failed; the log says why"
# Python 3.13 renamed these. A status has the same title on every version.
TITLES = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Request Entity Too Large",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Unprocessable Entity",
}

STATUS_OF: Mapping[type[Exception], HTTPStatus] = {
    errors.Malformed: HTTPStatus.BAD_REQUEST,
    errors.KeyRequired: HTTPStatus.UNAUTHORIZED,
    errors.FromAnotherOrigin: HTTPStatus.FORBIDDEN,
    errors.HostUnknown: HTTPStatus.MISDIRECTED_REQUEST,
    errors.ModelUnknown: HTTPStatus.NOT_FOUND,
    errors.TileUnknown: HTTPStatus.NOT_FOUND,
    errors.OperationUnknown: HTTPStatus.NOT_FOUND,
    errors.TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.MediaTypeUnsupported: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.ModelUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.NotReady: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.ShuttingDown: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.Overloaded: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.AnswersUnread: HTTPStatus.SERVICE_UNAVAILABLE,
}


class ProblemFault(BaseModel):
    """One place that is wrong."""

    pointer: str = Field(
        description="JSON pointer whose first token is body, form, query, path or models: "
        "/form/images/1 is the second file.",
    )
    detail: str


class Problem(BaseModel):
    """An error, as RFC 9457 has it."""

    type: str = Field("about:blank", description="about:blank: the status says it all.")
    title: str = Field(description="The status in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What is wrong, for people.")
    errors: list[ProblemFault] = Field(description="The places that are wrong, where known.")


@dataclass(frozen=True)
class Refusal:
    """What an error says over HTTP, whatever body it is written as."""

    status: HTTPStatus
    detail: str
    faults: Sequence[errors.Fault] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


WriteRefusal = Callable[[Refusal], Answer]


def refusal_of(exc: Exception, retry_after_seconds: int) -> Refusal:
    """What any error says: the service's, the framework's, or one that nobody expected."""
    if isinstance(exc, errors.ServiceError):
        status = next(STATUS_OF[kind] for kind in type(exc).__mro__ if kind in STATUS_OF)
        return Refusal(status, str(exc), exc.faults, _headers(exc, status, retry_after_seconds))
    if isinstance(exc, HTTPException):
        return Refusal(HTTPStatus(exc.status_code), exc.detail, (), _with_head(exc.headers or {}))
    if isinstance(exc, RequestValidationError):
        faults = [_framework_fault(error) for error in exc.errors()[: errors.MAX_FAULTS]]
        return Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, faults[0].detail, faults)
    return Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, FAILED)


def write_problem(refusal: Refusal) -> Answer:
    """The refusal with a Problem as its body."""
    content = problem_of(refusal).model_dump_json().encode()
    headers = [(name.lower().encode(), text.encode()) for name, text in refusal.headers.items()]
    return answer_with(refusal.status, content, MEDIA_TYPE, headers)


def problem_of(refusal: Refusal) -> Problem:
    """`type` is about:blank, so `title` is the status phrase."""
    return Problem(
        type="about:blank",
        title=TITLES.get(refusal.status, refusal.status.phrase),
        status=refusal.status,
        detail=refusal.detail,
        errors=[ProblemFault(pointer=it.pointer, detail=it.detail) for it in refusal.faults],
    )


def _headers(
    exc: errors.ServiceError, status: HTTPStatus, retry_after_seconds: int
) -> Mapping[str, str]:
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return {"Retry-After": str(retry_after_seconds)}
    if isinstance(exc, errors.KeyRequired):
        return {"WWW-Authenticate": f'ApiKey header="{HEADER}"'}
    return {"Connection": "close"} if isinstance(exc, errors.BodyTooLarge) else {}


def _with_head(headers: Mapping[str, str]) -> Mapping[str, str]:
    """The headers of a 405, with HEAD beside GET: the pipeline answers it wherever GET is."""
    if "Allow" not in headers:
        return headers
    methods = {method.strip() for method in headers["Allow"].split(",")}
    if "GET" in methods:
        methods.add("HEAD")
    return {**headers, "Allow": ", ".join(sorted(methods))}


def _framework_fault(error: Mapping[str, object]) -> errors.Fault:
    where = error["loc"]
    assert isinstance(where, tuple)
    return errors.Fault(errors.pointer_to(*where), str(error["msg"]))
