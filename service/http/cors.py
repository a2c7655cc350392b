"""Which other origins' pages may call the service from a browser."""

from collections.abc import Sequence
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp

from service.http.problems import problem

REQUEST_HEADERS = (
    "Content-Type",
    "If-None-Match",
    "Inference-Header-Content-Length",
    "X-API-Key",
    "X-Request-ID",
)
ANSWER_HEADERS = (
    "Atlas-Model",
    "Atlas-Model-Version",
    "ETag",
    "Inference-Header-Content-Length",
    "Retry-After",
    "X-Request-ID",
)


class Cors(CORSMiddleware):
    """Starlette's, set up for this API; a preflight that fails is a problem like every other."""

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        super().__init__(
            app,
            allow_origins=origins,
            allow_methods=("GET", "HEAD", "POST"),
            allow_headers=REQUEST_HEADERS,
            expose_headers=ANSWER_HEADERS,
        )

    def preflight_response(self, request_headers: Headers) -> Response:
        """The answer to OPTIONS; 400 where this origin, method or header is not allowed."""
        answer = super().preflight_response(request_headers)
        if answer.status_code < HTTPStatus.BAD_REQUEST:
            return answer
        allowed = {name: answer.headers[name] for name in answer.headers if "-allow-" in name}
        detail = "this origin, method or header is not allowed"
        return problem(answer.status_code, detail, headers={"Vary": "Origin", **allowed})
