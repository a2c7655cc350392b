"""ASGI middleware that answers small, right requests at once, before all other layers.

It does what those do for such a request, and nothing else: whatever is large, wrong or out of the
ordinary goes on to them as if it had not been looked at, so all refusals are made in one place.
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api_key import has_key
from service.atlas import SMALL_BODY_BYTES, Answer, Atlas, Work
from service.bodies import Schema, check, parse_json
from service.forms import parse_plain_form
from service.lifecycle import Lifecycle
from service.observation import API_POLICY, HEADERS, AccessRecorder, sane_id
from service.schemas import DecodeInput, DecodePixelsInput, EncodeInput, EncodePixelsInput

JSON, FORM, PNG = b"application/json", b"multipart/form-data", b"image/png"
Headers = dict[bytes, bytes]


@dataclass(frozen=True)
class Operation:
    """What one path takes and gives, and how a request to it becomes work."""

    accepts: bytes
    plan: Callable[[bytes, Headers], Work | None]
    answers: bytes


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
            "/encode": Operation(FORM, self._plan_encode_files, JSON),
            "/encode/pixels": Operation(JSON, self._plan_encode_pixels, JSON),
            "/decode": Operation(JSON, self._plan_decode, PNG),
            "/decode/pixels": Operation(JSON, self._plan_decode_pixels, JSON),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass the request on."""
        operation = self._operations.get(scope.get("path", ""))
        if operation is None or scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        headers = dict(scope["headers"])
        if not self._is_plain(scope, headers, operation):
            await self._app(scope, receive, send)
            return
        message = await receive()
        answer = self._answer(operation, message, headers)
        if answer is None:
            await self._app(scope, _again(message, receive), send)
            return
        request_id = sane_id(headers.get(b"x-request-id"))
        await send(_head(answer, operation.answers, request_id))
        await send({"type": "http.response.body", "body": answer.content})
        manifest = answer.artifact.manifest
        self._recorder.record(
            request_id,
            scope,
            scope["path"],
            200,
            perf_counter() - started,
            bytes=len(answer.content),
            model=manifest.name,
            version=manifest.version,
        )

    def _is_plain(self, scope: Scope, headers: Headers, operation: Operation) -> bool:
        length = headers.get(b"content-length", b"")
        media_type, _, _ = headers.get(b"content-type", b"").partition(b";")
        return (
            scope["method"] == "POST"
            and not scope["query_string"]
            and len(headers) == len(scope["headers"])  # none twice
            and b"transfer-encoding" not in headers
            and b"origin" not in headers  # a page's request may need CORS headers
            and len(length) <= 6
            and length.isdigit()
            and int(length) <= SMALL_BODY_BYTES
            and media_type == operation.accepts
            and not self._lifecycle.is_leaving
            and (not self._key or has_key(scope, self._key))
        )

    def _answer(self, operation: Operation, message: Message, headers: Headers) -> Answer | None:
        """The answer to a request that is right and soon answered."""
        if message["type"] != "http.request" or message.get("more_body", False):
            return None
        try:
            work = operation.plan(message["body"], headers)
            return self._atlas.answer_here(work) if work and work.is_small else None
        except Exception:  # the layers behind meet it again; to report it is theirs
            return None

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


def _head(answer: Answer, media_type: bytes, request_id: str) -> Message:
    manifest = answer.artifact.manifest
    return {
        "type": "http.response.start",
        "status": 200,
        "headers": [
            (b"atlas-model", manifest.name.encode()),
            (b"atlas-model-version", b"%d" % manifest.version),
            (b"content-length", b"%d" % len(answer.content)),
            (b"content-type", media_type),
            (b"x-request-id", request_id.encode()),
            *HEADERS,
            API_POLICY,
        ],
    }


def _again(message: Message, receive: Receive) -> Receive:
    """A `receive` that begins with a message that was taken already."""
    taken = [message]

    async def receive_again() -> Message:
        return taken.pop() if taken else await receive()

    return receive_again
