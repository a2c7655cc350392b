"""ASGI middleware that answers small, right requests at once, before all other layers.

It does what those do for such a request, and nothing else: whatever is large, wrong or out of the
ordinary goes on to them as if it had not been looked at, so all refusals are made in one place.
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

from starlette.datastructures import QueryParams
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.dependencies import read_query
from service.api.inputs import (
    DecodeInput,
    DecodePixelsInput,
    EncodeInput,
    EncodePixelsInput,
    GridQuery,
)
from service.http.access_log import API_POLICY, HEADERS, AccessRecorder, sane_id
from service.http.api_key import has_key
from service.http.bodies import Schema, check, parse_json
from service.http.forms import parse_plain_form
from service.operations.atlas import SMALL_BODY_BYTES, SMALL_TILES, Answer, Atlas, Work
from service.operations.etags import CACHE_CONTROL, grid_tag
from service.operations.grids import Grid
from service.serving.lifecycle import Lifecycle

JSON, FORM, PNG = b"application/json", b"multipart/form-data", b"image/png"
SMALL_POINTS_BYTES = SMALL_TILES * 2 * len("-1.2345678901234567, ")
MOST_QUERIES = 1024
Headers = dict[bytes, bytes]


@dataclass(frozen=True)
class Operation:
    """What a POST to one path takes and gives, and how it becomes work."""

    accepts: bytes
    most_bytes: int  # of a body that may be small work; a larger one is not looked into
    plan: Callable[[bytes, Headers], Work | None]
    answers: bytes


@dataclass(frozen=True)
class Reply:
    """An answer and its headers beyond those that every answer has."""

    answer: Answer
    media_type: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Express:
    """Answers what is small, right and plain; passes everything else on."""

    def __init__(
        self, app: ASGIApp, atlas: Atlas, recorder: AccessRecorder, lifecycle: Lifecycle
    ) -> None:
        self._app = app
        self._atlas = atlas
        self._recorder = recorder
        self._lifecycle = lifecycle
        key = atlas.settings.api_key
        self._key = key.get_secret_value().encode() if key else b""
        self._operations = {
            "/encode": Operation(FORM, SMALL_BODY_BYTES, self._plan_encode_files, JSON),
            "/encode/pixels": Operation(JSON, SMALL_BODY_BYTES, self._plan_encode_pixels, JSON),
            "/decode": Operation(JSON, SMALL_POINTS_BYTES, self._plan_decode, PNG),
            "/decode/pixels": Operation(JSON, SMALL_POINTS_BYTES, self._plan_decode_pixels, JSON),
        }
        self._grids = _KnownGrids(atlas)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass the request on."""
        started = perf_counter()
        operation = self._operations.get(scope.get("path", ""))
        if scope["type"] != "http" or (operation is None and scope["path"] != "/grid"):
            await self._app(scope, receive, send)
            return
        headers: Headers = dict(scope["headers"])
        reply: Reply | None = None
        if not self._is_plain(scope, headers):
            pass
        elif operation is None:
            reply = self._kept_grid(scope, headers)
        elif _is_small_post(scope, headers, operation):
            message = await receive()
            receive = _again(message, receive)
            reply = self._answer(operation, message, headers)
        if reply is None:
            await self._app(scope, receive, send)
        else:
            await self._send(reply, scope, send, sane_id(headers.get(b"x-request-id")), started)

    def _is_plain(self, scope: Scope, headers: Headers) -> bool:
        return (
            len(headers) == len(scope["headers"])  # none twice
            and b"transfer-encoding" not in headers
            and b"content-encoding" not in headers
            and b"origin" not in headers  # a page's request may need CORS headers
            and not self._lifecycle.is_leaving
            and (not self._key or has_key(scope, self._key))
        )

    def _kept_grid(self, scope: Scope, headers: Headers) -> Reply | None:
        if (
            scope["method"] != "GET"
            or b"if-none-match" in headers
            or headers.get(b"content-length", b"0") != b"0"
            or (known := self._grids.get(scope["query_string"])) is None
            or (answer := self._atlas.kept_grid(*known)) is None
        ):
            return None
        tag = known[1].encode()
        return Reply(answer, PNG, ((b"etag", tag), (b"cache-control", CACHE_CONTROL.encode())))

    def _answer(self, operation: Operation, message: Message, headers: Headers) -> Reply | None:
        if message["type"] != "http.request" or message.get("more_body", False):
            return None
        try:
            work = operation.plan(message["body"], headers)
            answer = None if work is None else self._atlas.answer_here(work)
            return None if answer is None else Reply(answer, operation.answers)
        except Exception:  # the layers behind meet it again; to report it is theirs
            return None

    async def _send(
        self, reply: Reply, scope: Scope, send: Send, request_id: str, started: float
    ) -> None:
        content, manifest = reply.answer.content, reply.answer.artifact.manifest
        headers = [
            (b"atlas-model", manifest.name.encode()),
            (b"atlas-model-version", b"%d" % manifest.version),
            *reply.headers,
            (b"content-length", b"%d" % len(content)),
            (b"content-type", reply.media_type),
            *HEADERS,
            (b"x-request-id", request_id.encode()),
            API_POLICY,
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})
        self._recorder.record(
            request_id,
            scope,
            scope["path"],
            200,
            perf_counter() - started,
            bytes=len(content),
            model=manifest.name,
            version=manifest.version,
        )

    def _plan_encode_files(self, content: bytes, headers: Headers) -> Work | None:
        most = self._atlas.settings.max_images
        form = parse_plain_form(headers[b"content-type"], content, most)
        if form is None:
            return None
        return self._atlas.plan_encode_files(check(EncodeInput, form, "form"))

    def _plan_encode_pixels(self, content: bytes, _: Headers) -> Work:
        return self._atlas.plan_encode_pixels(self._parse(EncodePixelsInput, content))

    def _plan_decode(self, content: bytes, _: Headers) -> Work:
        return self._atlas.plan_decode(self._parse(DecodeInput, content))

    def _plan_decode_pixels(self, content: bytes, _: Headers) -> Work:
        return self._atlas.plan_decode_pixels(self._parse(DecodePixelsInput, content))

    def _parse(self, schema: type[Schema], content: bytes) -> Schema:
        return parse_json(schema, content, self._atlas.settings)


class _KnownGrids:
    """What queries ask for, by the query as it was written, while the same models are served."""

    def __init__(self, atlas: Atlas) -> None:
        self._atlas = atlas
        self._artifacts = atlas.registry.artifacts
        self._grids = dict[bytes, tuple[Grid, str]]()

    def get(self, query: bytes) -> tuple[Grid, str] | None:
        """The grid and its tag; None if the query is wrong, which it takes an error to tell."""
        if self._artifacts is not self._atlas.registry.artifacts:
            self._artifacts = self._atlas.registry.artifacts
            self._grids.clear()
        if (known := self._grids.get(query)) is not None:
            return known
        try:
            grid = self._atlas.plan_grid(read_query(QueryParams(query), GridQuery))
        except Exception:  # as above
            return None
        if len(self._grids) == MOST_QUERIES:
            self._grids.clear()
        self._grids[query] = grid, grid_tag(grid)
        return self._grids[query]


def _is_small_post(scope: Scope, headers: Headers, operation: Operation) -> bool:
    length = headers.get(b"content-length", b"")
    media_type, _, _ = headers.get(b"content-type", b"").partition(b";")
    return (
        scope["method"] == "POST"
        and not scope["query_string"]
        and len(length) <= len(str(SMALL_BODY_BYTES))
        and length.isdigit()
        and int(length) <= operation.most_bytes
        and media_type == operation.accepts
    )


def _again(message: Message, receive: Receive) -> Receive:
    """A `receive` that begins with a message that was taken already."""
    taken = [message]

    async def receive_again() -> Message:
        return taken.pop() if taken else await receive()

    return receive_again
