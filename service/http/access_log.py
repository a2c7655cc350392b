"""What is recorded of every request: a line in the log, a count and a duration."""

import logging
from collections.abc import Sequence
from time import perf_counter

from fastapi.routing import iter_route_contexts
from prometheus_client import Counter, Histogram
from starlette.routing import BaseRoute, Match
from starlette.types import Scope

from service.http.answer import Answer
from service.http.exchange import Exchange
from service.serving.metrics import Metrics

logger = logging.getLogger("service.access")

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
CLIENT_GONE = 499  # nginx's number for it; no status was sent
UNMATCHED = "unmatched"


class AccessLog:
    """Logs, counts and times requests once they are answered."""

    def __init__(self, metrics: Metrics, routes: Sequence[BaseRoute]) -> None:
        self._metrics = metrics
        self._routes = routes
        self._counters = dict[tuple[str, str, int], tuple[Counter, Histogram]]()

    def record(self, exchange: Exchange, answer: Answer | None) -> None:
        """Record a request and its answer; None where the client disconnected before it."""
        seconds = perf_counter() - exchange.started
        scope = exchange.scope
        method = scope["method"] if scope["method"] in METHODS else "OTHER"
        route = exchange.route or self._template(scope)
        status = CLIENT_GONE if answer is None else int(answer.status)
        count, duration = self._counters_of(method, route, status)
        count.inc()
        duration.observe(seconds)
        if answer is None:
            self._metrics.cancelled.inc()
        if logger.isEnabledFor(logging.INFO):
            fields = {
                "request_id": exchange.id,
                "method": method,
                "route": route,
                "path": scope["path"][:256],
                "status": status,
                "duration_ms": round(seconds * 1000, 3),
                "bytes": 0 if answer is None or exchange.is_head else len(answer.content),
            }
            if answer is not None and answer.artifact is not None:
                manifest = answer.artifact.manifest
                fields["model"], fields["version"] = manifest.name, manifest.version
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

    def _template(self, scope: Scope) -> str:
        """The route's template for what was refused early; never a path that a client made up."""
        for route in iter_route_contexts(self._routes):
            if route.path and route.matches(scope)[0] is not Match.NONE:
                return route.path
        return UNMATCHED
