"""Which other origins' pages may call the service from a browser."""

from collections.abc import Sequence
from http import HTTPStatus

from starlette.datastructures import Headers as RequestHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import Receive, Scope, Send

from service.http.answer import Answer, Headers
from service.http.exchange import Exchange
from service.http.problems import Refusal, write_problem

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


class Cors:
    """Starlette's rules, applied to answers instead of as a middleware."""

    def __init__(self, origins: Sequence[str]) -> None:
        self._rules = CORSMiddleware(
            _nothing,
            allow_origins=origins,
            allow_methods=("GET", "HEAD", "POST"),
            allow_headers=REQUEST_HEADERS,
            expose_headers=ANSWER_HEADERS,
        )

    def preflight(self, exchange: Exchange) -> Answer | None:
        """The answer to a preflight; None for any other request."""
        if not _is_preflight(exchange):
            return None
        response = self._rules.preflight_response(
            RequestHeaders(raw=list(exchange.headers.items()))
        )
        if response.status_code < HTTPStatus.BAD_REQUEST:
            return Answer(response.status_code, list(response.raw_headers), bytes(response.body))
        allowed = {name: text for name, text in response.headers.items() if "-allow-" in name}
        detail = "this origin, method or header is not allowed"
        status = HTTPStatus(response.status_code)
        return write_problem(Refusal(status, detail, (), {"Vary": "Origin", **allowed}))

    def allows(self, origin: str) -> bool:
        """Whether pages of this origin may call the service."""
        return self._rules.is_allowed_origin(origin)

    def headers(self, exchange: Exchange) -> Headers:
        """What any other answer tells the browser."""
        if _is_preflight(exchange):
            return []
        origin = exchange.header("origin")
        if origin is None:
            return [(b"vary", b"Origin")]
        told = {name.lower(): text for name, text in self._rules.simple_headers.items()}
        if not self._rules.allow_all_origins and self._rules.is_allowed_origin(origin):
            told["access-control-allow-origin"] = origin
        told["vary"] = "Origin"
        return [(name.encode(), text.encode("latin-1")) for name, text in told.items()]


def _is_preflight(exchange: Exchange) -> bool:
    asked = {b"origin", b"access-control-request-method"}
    return exchange.method == "OPTIONS" and asked <= exchange.headers.keys()


async def _nothing(_: Scope, __: Receive, ___: Send) -> None:
    """Starlette's class wants an app to wrap."""
