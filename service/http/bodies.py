"""Request bodies: bytes within the limit, then a checked schema, with a pointer to every fault."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from service.errors import (
    MAX_FAULTS,
    BodyTooLarge,
    Fault,
    Invalid,
    Malformed,
    MediaTypeUnsupported,
    pointer_to,
)
from service.http.disconnect import Disconnected
from service.http.exchange import Exchange
from service.http.forms import parse_form
from service.operations.limits import BodySize, max_body_size
from service.serving.atlas import Atlas
from service.serving.work import SMALL_BYTES
from service.settings import Settings

Schema = TypeVar("Schema", bound=BaseModel)

# Right bodies are one object of a few fields; wrong ones are told which of theirs are unknown.
MAX_OBJECTS = 64
MAX_FIELDS = 4096
# Brackets and commas that a text in a right body may hold.
PUNCTUATION = 64


class BodyReader(Protocol):
    """How an operation reads its body."""

    @property
    def media_type(self) -> str | None:
        """The only one that it takes; None: any."""

    async def read(self, exchange: Exchange, content: bytes, json: "JsonParser") -> object:
        """The body as the operation's plan takes it. Raises RequestError and Overloaded."""


class JsonBody:
    """A JSON object of a schema."""

    media_type = "application/json"

    def __init__(self, schema: type[BaseModel]) -> None:
        self._schema = schema

    async def read(self, _: Exchange, content: bytes, json: "JsonParser") -> BaseModel:
        return await json.parse(self._schema, content)


class FormBody:
    """multipart/form-data of a schema; its `images` are files."""

    media_type = "multipart/form-data"

    def __init__(self, schema: type[BaseModel]) -> None:
        self._schema = schema

    async def read(self, exchange: Exchange, content: bytes, json: "JsonParser") -> BaseModel:
        content_type = exchange.header("content-type") or ""
        form = parse_form(content_type, content, json.settings.max_images)
        return check(self._schema, form, "form")


class JsonParser:
    """Parses JSON bodies: small ones at once, large ones off the event loop, one at a time.

    A parser holds the interpreter's lock, so several at once would starve the event loop.
    """

    def __init__(self, atlas: Atlas) -> None:
        self.settings = atlas.settings
        self._atlas = atlas
        self._turn = asyncio.Lock()

    async def parse(self, schema: type[Schema], content: bytes) -> Schema:
        """The body, checked against `schema` within the limits of the settings.

        A large body is refused as Overloaded before it is parsed, not after. It takes no place, so
        that it never waits for one while it holds one.
        Raises Malformed if it is not JSON, Invalid with a pointer to each fault if it is wrong.
        """
        if len(content) <= SMALL_BYTES:
            return parse_json(schema, content, self.settings)
        check_size(content, self._max_size())
        self._atlas.executor.require_room()
        async with self._turn:
            self._atlas.executor.require_room()
            return await asyncio.to_thread(parse_json, schema, content, self.settings)

    def _max_size(self) -> BodySize:
        """Raises ModelUnavailable while there is no model."""
        registry = self._atlas.registry
        artifacts = registry.artifacts.values() or [registry.get(None)]
        return max_body_size(self.settings, [artifact.manifest for artifact in artifacts])


async def read_body(exchange: Exchange, max_bytes: int) -> bytes:
    """The whole body. Raises BodyTooLarge as soon as it is over the limit, and Disconnected."""
    parts, size, is_more = list[bytes](), 0, True
    while is_more:
        message = await exchange.receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > max_bytes:
            raise BodyTooLarge(max_bytes)
        is_more = message.get("more_body", False)
    return b"".join(parts)


def check_declared_length(exchange: Exchange, max_bytes: int) -> None:
    """Raise BodyTooLarge by Content-Length alone.

    The body of a GET means nothing (RFC 9110, 9.3.1): nobody reads it, the server drops it.
    """
    if exchange.method == "GET":
        return
    length = exchange.headers.get(b"content-length", b"")
    is_chunked = b"transfer-encoding" in exchange.headers
    if not is_chunked and length.isdigit() and int(length) > max_bytes:
        raise BodyTooLarge(max_bytes)


def require_media_type(exchange: Exchange, expected: str | None) -> None:
    """Raise MediaTypeUnsupported for another type, and for a body with a content coding.

    What a compressed body unpacks to is in no proportion to its size.
    """
    if expected is not None:
        given = exchange.headers.get(b"content-type", b"").partition(b";")[0]
        if given.strip().lower() != expected.encode():
            raise MediaTypeUnsupported(f"this operation reads {expected}")
    if exchange.headers.get(b"content-encoding", b"identity") != b"identity":
        raise MediaTypeUnsupported("compressed bodies are not read")


def parse_json(schema: type[Schema], content: bytes, settings: Settings) -> Schema:
    try:
        return schema.model_validate_json(content, context=settings)
    except ValidationError as exc:
        errors = exc.errors(include_url=False, include_input=False, include_context=False)
        if errors[0]["type"] == "json_invalid":
            raise Malformed("the body is not valid JSON", "/body") from exc
        raise Invalid.at(faults(errors, "body")) from exc


def check_size(content: bytes, maximum: BodySize) -> None:
    """Refuse JSON with more in it than any right body, by its punctuation and unparsed.

    Once parsed, a list takes a hundred times the memory of its two brackets, and a parser holds the
    interpreter's lock, and so health, until it has built everything that was sent.
    Raises Invalid.
    """
    limits = {b"[": maximum.lists, b",": maximum.values, b"{": MAX_OBJECTS, b":": MAX_FIELDS}
    for mark, limit in limits.items():
        if content.count(mark) > limit + PUNCTUATION:
            raise Invalid("the body holds more than the documented limits allow", "/body")


def check(schema: type[Schema], values: Mapping[str, object], root: str) -> Schema:
    """Parsed values as `schema`; `root` is the first token of every pointer. Raises Invalid."""
    try:
        return schema.model_validate(values)
    except ValidationError as exc:
        errors = exc.errors(include_url=False, include_input=False, include_context=False)
        raise Invalid.at(faults(errors, root)) from exc


def faults(errors: Sequence[ErrorDetails], root: str) -> list[Fault]:
    """pydantic's errors as faults, which never echo what was sent; at most MAX_FAULTS of them."""
    return [Fault(pointer_to(root, *it["loc"]), _detail(it)) for it in errors[:MAX_FAULTS]]


def _detail(error: ErrorDetails) -> str:
    return "this field is not known" if error["type"] == "extra_forbidden" else error["msg"]
