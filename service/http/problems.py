"""The one place that turns errors into HTTP answers: problem details as RFC 9457 has them."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from service import errors
from service.api.outputs import Problem, ProblemFault
from service.http.bodies import MOST_FAULTS

MEDIA_TYPE = "application/problem+json"

STATUS_OF: Mapping[type[errors.ServiceError], HTTPStatus] = {
    errors.Malformed: HTTPStatus.BAD_REQUEST,
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
}


def install_handlers(app: FastAPI, retry_after_seconds: int) -> None:
    """Make every error of the app, the framework and the service answer with a Problem."""

    async def service_error(_: Request, exc: Exception) -> Response:
        assert isinstance(exc, errors.ServiceError)
        return service_problem(exc, retry_after_seconds)

    for error_type in STATUS_OF:
        app.add_exception_handler(error_type, service_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(ClientDisconnect, _client_gone)
    app.add_exception_handler(Exception, _unexpected_error)


def service_problem(exc: errors.ServiceError, retry_after_seconds: int) -> Response:
    """The answer to an error that the service raised on purpose."""
    status = STATUS_OF[type(exc)]
    unavailable = status == HTTPStatus.SERVICE_UNAVAILABLE
    headers = {"Retry-After": str(retry_after_seconds)} if unavailable else None
    return problem(status, str(exc), exc.faults, headers)


def problem(
    status: int,
    detail: str,
    faults: Sequence[errors.Fault] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An answer with a Problem body."""
    body = problem_body(status, detail, faults)
    return Response(body.model_dump_json(), status, headers, MEDIA_TYPE)


def problem_body(status: int, detail: str, faults: Sequence[errors.Fault] = ()) -> Problem:
    """What a Problem says; `type` is about:blank, so `title` is the status phrase."""
    return Problem(
        type="about:blank",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        errors=[ProblemFault(pointer=fault.pointer, detail=fault.detail) for fault in faults],
    )


async def _validation_error(_: Request, exc: Exception) -> Response:
    assert isinstance(exc, RequestValidationError)
    faults = [_framework_fault(error) for error in exc.errors()[:MOST_FAULTS]]
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, faults[0].detail, faults)


def _framework_fault(error: Mapping[str, object]) -> errors.Fault:
    where = error["loc"]
    assert isinstance(where, tuple)
    known = error["type"] != "extra_forbidden"
    root = "form" if where[0] == "body" else where[0]  # FastAPI itself parses only form bodies
    detail = str(error["msg"]) if known else "this parameter is not known"
    return errors.Fault(errors.pointer(root, *where[1:]), detail)


async def _http_error(_: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)
    return problem(exc.status_code, exc.detail, headers=exc.headers)


async def _client_gone(_: Request, __: Exception) -> Response:  # nobody reads it
    return problem(HTTPStatus.BAD_REQUEST, "the body ended before its declared length")


async def _unexpected_error(_: Request, __: Exception) -> Response:  # the server logs it
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "the service failed; the log says why")
