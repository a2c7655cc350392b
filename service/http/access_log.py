"""ASGI middleware that sees every request: its id, its line in the log, its figures.

It is the outermost layer, so it also answers for what nobody caught and adds the headers that
every answer carries.
"""

import logging
import random
import re
from http import HTTPStatus
from time import perf_counter

from fastapi.routing import iter_route_contexts
from prometheus_client import Counter, Histogram
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.http.problems import problem
from service.serving.lifecycle import Lifecycle
from service.serving.metrics import Metrics

logger = logging.getLogger("service.access")

SANE_ID = re.compile(rb"[A-Za-z0-9._:/+=@-]{1,64}")
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
CLIENT_GONE = 499  # nginx's number for it; no status was sent
CONTENT_SECURITY_POLICY = b"content-security-policy"
HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
]
# Answers of the API are data: nothing in them may run, load or be framed.
API_POLICY = (CONTENT_SECURITY_POLICY, b"default-src 'none'; frame-ancestors 'none'")


class AccessRecorder:
    """Counts, times and logs requests that have been answered."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._counters = dict[tuple[str, str, int], tuple[Counter, Histogram]]()

    def record(
        self,
        request_id: str,
        scope: Scope,
        route: str,
        status: int,
        seconds: float,
        **more: str | int,
    ) -> None:
        """Note one request; `route` is a template, `more` are fields for its line in the log."""
        method = scope["method"] if scope["method"] in METHODS else "OTHER"
        count, duration = self._counters_of(method, route, status)
        count.inc()
        duration.observe(seconds)
        if status == CLIENT_GONE:
            self._metrics.cancelled.inc()
        if logger.isEnabledFor(logging.INFO):
            fields = {
                "request_id": request_id,
                "method": method,
                "route": route,
                "path": scope["path"][:256],
                "status": status,
                "duration_ms": round(seconds * 1000, 3),
                **more,
            }
            logger.info("request", extra={"fields": fields})

    def _counters_of(self, method: str, route: str, status: int) -> tuple[Counter, Histogram]:
        # Looking labels up costs more than counting. There are few: routes, methods, statuses.
        key = (method, route, status)
        if key not in self._counters:
            self._counters[key] = (
                self._metrics.requests.labels(method, route, str(status)),
                self._metrics.request_seconds.labels(method, route),
            )
        return self._counters[key]


class Observation:
    """Gives each request an id and the headers of every answer, and has it recorded."""

    def __init__(self, app: ASGIApp, recorder: AccessRecorder, lifecycle: Lifecycle) -> None:
        self._app = app
        self._recorder = recorder
        self._lifecycle = lifecycle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and watch its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = _Request(scope, send, self._lifecycle)
        try:
            await self._app(scope, receive, request.send)
        except Exception:
            logger.exception("request failed", extra={"fields": {"request_id": request.id}})
            if request.status != CLIENT_GONE:
                raise  # the answer has begun: the server can only cut it
            detail = "the service failed; the log says why"
            answer = problem(HTTPStatus.INTERNAL_SERVER_ERROR, detail)
            await answer(scope, receive, request.send)
        finally:
            self._recorder.record(
                request.id,
                scope,
                _template(scope),
                request.status,
                perf_counter() - request.started,
                bytes=request.bytes,
                **request.model,
            )


class _Request:
    """What is known of one request and its answer so far."""

    def __init__(self, scope: Scope, send: Send, lifecycle: Lifecycle) -> None:
        self.started = perf_counter()
        self.scope = scope
        self.id = _request_id(scope)
        self.status = CLIENT_GONE  # until an answer begins
        self.bytes = 0
        self.model = dict[str, str | int]()
        self._send = send
        self._lifecycle = lifecycle

    async def send(self, message: Message) -> None:
        """Note what is sent; complete the head of the answer."""
        if message["type"] == "http.response.start":
            self.status = int(message["status"])
            message["headers"] = self._complete(list(message.get("headers", ())))
        else:
            self.bytes += len(message.get("body", b""))
        await self._send(message)

    def _complete(self, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        has_policy = False
        for name, value in headers:
            if name == b"atlas-model":
                self.model["model"] = value.decode()
            elif name == b"atlas-model-version":
                self.model["version"] = int(value)
            elif name == CONTENT_SECURITY_POLICY:
                has_policy = True
        headers += HEADERS
        headers.append((b"x-request-id", self.id.encode()))
        if not has_policy:
            headers.append(API_POLICY)
        if self._lifecycle.is_leaving:
            headers.append((b"connection", b"close"))
        return headers


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            return sane_id(value)
    return sane_id(None)


def sane_id(given: bytes | None) -> str:
    """The client's own id where it is sane, so that logs along the way can be joined."""
    if given is not None and SANE_ID.fullmatch(given):
        return given.decode()
    return f"{random.getrandbits(128):032x}"  # to tell requests apart, not a secret


def _template(scope: Scope) -> str:
    """The route's template, never a path that a client made up: "unmatched" stands for those."""
    if path := getattr(scope.get("route"), "path", None):
        return str(path)
    for route in iter_route_contexts(scope["app"].routes):  # refused before it was looked for
        if route.path and route.matches(scope)[0] is not Match.NONE:
            return route.path
    return "unmatched"
