"""The one way from a request to its answer: right or wrong, large or small, ours or /v2.

id -> host -> origin -> key -> limits -> body -> plan -> answer -> send -> record
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import ShuttingDown
from service.http.access_log import AccessLog
from service.http.answer import Answer
from service.http.api_key import ApiKey
from service.http.bodies import (
    BodyReader,
    LargeBodies,
    check_declared_length,
    read_body,
    require_uncompressed,
)
from service.http.cors import Cors
from service.http.cross_site import OriginCheck
from service.http.disconnect import Disconnected, unless_disconnected
from service.http.exchange import Exchange
from service.http.hosts import hosts_of
from service.http.operation import Operation, cache_headers
from service.http.problems import WriteRefusal, refusal_of, write_problem
from service.http.queries import check_query, read_query, read_texts
from service.operations.etags import is_current
from service.serving.atlas import Atlas
from service.serving.work import LARGE, SMALL_BYTES, Work

logger = logging.getLogger("service.access")

MAX_PLANS = 1024
POLICY = b"content-security-policy"
# Answers of the API are data: nothing in them may run, load or be framed.
API_POLICY = (POLICY, b"default-src 'none'; frame-ancestors 'none'")
SAFE_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
]


class Pipeline:
    """Answers every HTTP request of one app.

    `framework` is FastAPI, which answers everything but declared operations: pages, 404 and 405;
    `routes` are all of its routes. `error_formats` hold other ways to write errors than as
    problems, by the prefix of their paths; `open_paths` need no API key. `listens_on` is the
    address that the server listens on, if it is known.
    """

    def __init__(
        self,
        atlas: Atlas,
        operations: Sequence[Operation],
        open_paths: Iterable[str],
        error_formats: Mapping[str, WriteRefusal],
        framework: ASGIApp,
        routes: Sequence[BaseRoute],
        listens_on: str | None = None,
    ) -> None:
        settings = atlas.settings
        key = settings.api_key.get_secret_value() if settings.api_key else ""
        opened = [operation.path for operation in operations if operation.is_open]
        self._atlas = atlas
        self._max_body_bytes = settings.max_body_bytes
        self._exact: dict[tuple[str, str], Operation] = {
            (it.method, it.path): it for it in operations if "{" not in it.path
        }
        self._templates = [operation for operation in operations if "{" in operation.path]
        self._error_formats = error_formats
        self._framework = framework
        self._api_key = ApiKey(key, [*opened, *open_paths]) if key else None
        self._cors = Cors(settings.cors_origins) if settings.cors_origins else None
        self._hosts = hosts_of(settings, listens_on)
        self._origin_check = None if key else OriginCheck(settings, self._cors)
        self._large_bodies = LargeBodies(atlas.executor)
        self._log = AccessLog(atlas.metrics, routes)
        self._plans = dict[tuple[str, bytes], Work[bytes]]()
        self._planned_for = atlas.registry.artifacts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever it is, and record it."""
        exchange = Exchange(scope, receive)
        answer: Answer | None = None
        try:
            answer = await self._answer(exchange)
        except Disconnected:
            pass
        except asyncio.CancelledError:  # the grace of a shutdown is over
            self._atlas.lifecycle.drain()  # so that the answer closes the connection
            answer = self._refuse(exchange, ShuttingDown())
        except Exception as exc:
            answer = self._refuse(exchange, exc)
        if answer is not None:
            await self._send(exchange, answer, send)
        self._log.record(exchange, answer)

    async def _answer(self, exchange: Exchange) -> Answer:
        """The answer to a right request. Raises whatever is wrong with another one."""
        if self._hosts:
            self._hosts.check(exchange)
        if self._origin_check:
            self._origin_check.check(exchange)
        if self._cors and (preflight := self._cors.preflight(exchange)):
            return preflight
        operation = self._find(exchange)
        if self._api_key:
            self._api_key.check(exchange)
        check_declared_length(exchange, self._max_body_bytes)
        if operation is None:
            return await self._pass_on(exchange)
        plan = self._known_plan(operation, exchange)
        if plan is None:
            plan = await self._plan(operation, exchange)
        if not isinstance(plan, Work):
            return operation.answers.of(plan)
        if plan.key and b"if-none-match" in exchange.headers:
            held = b",".join(exchange.values(b"if-none-match"))
            if is_current(held.decode("latin-1"), plan.key):
                return Answer(304, cache_headers(plan.key))
        self._atlas.unsent.require_room()
        result = self._atlas.kept(plan)
        if result is None:
            answer = self._atlas.answer(plan)
            # Small work is done before anybody could be seen to leave.
            is_watched = not plan.is_small
            result = await (unless_disconnected(exchange.receive, answer) if is_watched else answer)
        return operation.answers.of(result, plan)

    def _find(self, exchange: Exchange) -> Operation | None:
        operation = self._exact.get((exchange.method, exchange.path))
        if operation is None:
            operation = self._find_template(exchange)
        if operation is not None:
            exchange.route = operation.path
        return operation

    def _find_template(self, exchange: Exchange) -> Operation | None:
        for operation in self._templates:
            if operation.method == exchange.method:
                match = operation.pattern.match(exchange.path)
                if match is not None:
                    exchange.path_parameters = match.groupdict()
                    return operation
        return None

    def _known_plan(self, operation: Operation, exchange: Exchange) -> Work[bytes] | None:
        """The plan of a kept answer that was asked for before, of the same models."""
        if not operation.answers.is_kept:
            return None
        if self._planned_for is not self._atlas.registry.artifacts or len(self._plans) > MAX_PLANS:
            self._planned_for = self._atlas.registry.artifacts
            self._plans.clear()
        return self._plans.get((exchange.path, exchange.scope["query_string"]))

    async def _plan(self, operation: Operation, exchange: Exchange) -> Any:
        """What the operation makes of the request: Work, or what it answers at once."""
        schemas, inputs = operation.schemas, dict[str, object]()
        if "query" in schemas:
            inputs["query"] = read_query(exchange.query(), schemas["query"])
        elif exchange.scope["query_string"] and not operation.allows_any_query:
            check_query(exchange.query(), None)
        if "path" in schemas:
            inputs["path"] = read_texts(exchange.path_parameters, schemas["path"], "path")
        if "exchange" in schemas:
            inputs["exchange"] = exchange
        if operation.body_reader:
            return await self._plan_of_body(operation, operation.body_reader, exchange, inputs)
        plan = operation.plan(self._atlas, **inputs)
        if operation.answers.is_kept:  # and so depends on the address and the models alone
            self._plans[exchange.path, exchange.scope["query_string"]] = plan
        return plan

    async def _plan_of_body(
        self,
        operation: Operation,
        reader: BodyReader,
        exchange: Exchange,
        inputs: Mapping[str, object],
    ) -> Any:
        """The plan of an operation that reads a body.

        Nothing of a large body is read, planned or computed on the event loop, whatever it says of
        itself: what a plan calls small may be small only by its own claim.
        """
        reader.check_media_type(exchange.media_type())
        require_uncompressed(exchange)
        content = await read_body(exchange, self._max_body_bytes)
        name = "form" if "form" in operation.schemas else "body"

        def plan() -> Any:
            body = reader.read(exchange, content, self._atlas)
            return operation.plan(self._atlas, **inputs, **{name: body})

        if len(content) <= SMALL_BYTES:
            return plan()
        planned = await self._large_bodies.read(plan)
        return planned._replace(size=LARGE) if isinstance(planned, Work) else planned

    async def _pass_on(self, exchange: Exchange) -> Answer:
        """The answer of FastAPI's own routes. Raises HTTPException where there is none."""
        self._atlas.unsent.require_room()
        scope = {**exchange.scope, "method": exchange.method}
        messages = list[Message]()

        async def collect(message: Message) -> None:
            messages.append(message)

        try:
            await self._framework(scope, exchange.receive, collect)
        finally:
            exchange.route = getattr(scope.get("route"), "path", None)
        start, *parts = messages
        content = b"".join(part.get("body", b"") for part in parts)
        headers = list(start["headers"])
        has_policy = any(name == POLICY for name, _ in headers)
        return Answer(start["status"], headers, content, has_policy=has_policy)

    def _refuse(self, exchange: Exchange, exc: Exception) -> Answer:
        refusal = refusal_of(exc, self._atlas.settings.retry_after_seconds)
        if refusal.status == 500:
            fields = {"request_id": exchange.id}
            logger.error("request failed", exc_info=exc, extra={"fields": fields})
        for prefix, write in self._error_formats.items():
            if exchange.path == prefix or exchange.path.startswith(f"{prefix}/"):
                return write(refusal)
        return write_problem(refusal)

    async def _send(self, exchange: Exchange, answer: Answer, send: Send) -> None:
        headers = answer.headers
        if self._cors:
            headers += self._cors.headers(exchange)
        headers += SAFE_HEADERS
        headers.append((b"x-request-id", exchange.id.encode()))
        if not answer.has_policy:
            headers.append(API_POLICY)
        if self._atlas.lifecycle.is_draining:
            headers.append((b"connection", b"close"))
        content = b"" if exchange.is_head else answer.content
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": content})
