"""Request bodies: bytes within the limit, then a checked schema, with a pointer to every fault."""

import asyncio
import codecs
import contextlib
from collections.abc import Callable, Mapping, Sequence
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
from service.http.json_arrays import read_with_array
from service.operations.limits import BodySize, max_body_size
from service.serving.atlas import Atlas
from service.serving.executor import Executor
from service.serving.work import SMALL_BYTES
from service.settings import Settings

Schema = TypeVar("Schema", bound=BaseModel)
Result = TypeVar("Result")

# RFC 8259, 8.1: JSON is UTF-8, and a parser may ignore a byte order mark, which .NET writes.
BOM = codecs.BOM_UTF8
WIDE_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
# Right bodies are one object of a few fields; wrong ones are told which of theirs are unknown.
MAX_OBJECTS = 64
MAX_FIELDS = 4096
# Brackets and commas that a text in a right body may hold.
PUNCTUATION = 64

OCTETS = "application/octet-stream"
# What clients call a file whose type they do not know: nothing, octets, S3's name for these, and
# what curl calls any data.
UNKNOWN_TYPES = (
    b"",
    OCTETS.encode(),
    b"binary/octet-stream",
    b"application/x-www-form-urlencoded",
)


class BodyReader(Protocol):
    """How an operation reads its body."""

    @property
    def media_type(self) -> str | None:
        """The one that the document names; None in an operation that is not documented."""

    def check_media_type(self, given: bytes) -> None:
        """Raise MediaTypeUnsupported for one that it does not take; empty: none is given."""

    def read(self, exchange: Exchange, content: bytes, atlas: Atlas) -> object:
        """The body as the operation's plan takes it. Raises RequestError and ModelUnavailable."""


class JsonBody:
    """A JSON object of a schema."""

    media_type = "application/json"

    def __init__(self, schema: type[BaseModel]) -> None:
        self._schema = schema

    def check_media_type(self, given: bytes) -> None:
        require_media_type(given, self.media_type)

    def read(self, _: Exchange, content: bytes, atlas: Atlas) -> BaseModel:
        return read_json(self._schema, content, atlas)


class ArrayBody(JsonBody):
    """A JSON object of a schema, in which the field `name` may be an array."""

    def __init__(self, schema: type[BaseModel], name: str) -> None:
        super().__init__(schema)
        self._name = name

    def read(self, _: Exchange, content: bytes, atlas: Atlas) -> BaseModel:
        check_size_of_large(content, atlas)
        fields = read_with_array(content, self._name)
        if fields is not None:
            with contextlib.suppress(ValidationError):  # the parser of lists says what is wrong
                return self._schema.model_validate(fields, context=atlas.settings)
        return parse_json(self._schema, content, atlas.settings)


class FormBody:
    """multipart/form-data of a schema; its `images` are files."""

    media_type = "multipart/form-data"

    def __init__(self, schema: type[BaseModel]) -> None:
        self._schema = schema

    def check_media_type(self, given: bytes) -> None:
        require_media_type(given, self.media_type)

    def read(self, exchange: Exchange, content: bytes, atlas: Atlas) -> BaseModel:
        content_type = exchange.header("content-type") or ""
        form = parse_form(content_type, content, atlas.settings.max_images)
        return check(self._schema, form, "form")


class PictureBody:
    """A picture file as it is. `expected` tells clients that send something else what to do."""

    media_type = OCTETS  # generators of clients do not understand image/*

    def __init__(self, expected: str) -> None:
        self._expected = expected

    def check_media_type(self, given: bytes) -> None:
        if not given.startswith(b"image/") and given not in UNKNOWN_TYPES:
            raise MediaTypeUnsupported(self._expected)

    def read(self, _: Exchange, content: bytes, __: Atlas) -> bytes:
        return content


class LargeBodies:
    """Reads large bodies off the event loop, one at a time.

    A parser holds the interpreter's lock, so several at once would starve the event loop.
    """

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._turn = asyncio.Lock()

    async def read(self, read: Callable[[], Result]) -> Result:
        """What `read` returns, from a thread. Raises what it raises, and Overloaded.

        A body is refused as Overloaded before it is read, not after. It takes no place, so that it
        never waits for one while it holds one.
        """
        self._executor.require_room()
        async with self._turn:
            self._executor.require_room()
            return await asyncio.to_thread(read)


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


def require_media_type(given: bytes, expected: str) -> None:
    """Raise MediaTypeUnsupported for another type."""
    if given != expected.encode():
        raise MediaTypeUnsupported(f"this operation reads {expected}")


def require_uncompressed(exchange: Exchange) -> None:
    """Raise MediaTypeUnsupported for a body with a content coding.

    What a compressed body unpacks to is in no proportion to its size.
    """
    has_codings = b"content-encoding" in exchange.headers
    if has_codings and set(exchange.tokens(b"content-encoding")) - {b"identity"}:
        raise MediaTypeUnsupported("compressed bodies are not read")


def read_json(schema: type[Schema], content: bytes, atlas: Atlas) -> Schema:
    """Parse the body as `schema`, within the limits of the settings.

    Raises Malformed if it is not JSON, Invalid with a pointer to each fault if it is wrong,
    ModelUnavailable while there is no model to know the limits of a large body from.
    """
    check_size_of_large(content, atlas)
    return parse_json(schema, content, atlas.settings)


def parse_json(schema: type[Schema], content: bytes, settings: Settings) -> Schema:
    try:
        return schema.model_validate_json(content.removeprefix(BOM), context=settings)
    except ValidationError as exc:
        errors = exc.errors(include_url=False, include_input=False)
        if errors[0]["type"] == "json_invalid":
            raise Malformed(_not_json(content, errors[0]), "/body") from exc
        raise Invalid.at(faults(errors, "body")) from exc


def _not_json(content: bytes, error: ErrorDetails) -> str:
    """Why and where: the parser's own words, in which nothing of the content is repeated."""
    if content.startswith(WIDE_BOMS) or b"\0" in content[:4]:
        return "the body is not valid JSON: it is in UTF-16 or UTF-32, and JSON is UTF-8"
    return f"the body is not valid JSON: {error['ctx']['error']}"


def check_size_of_large(content: bytes, atlas: Atlas) -> None:
    """`check_size` of a large body by the limits of the settings.

    Raises Invalid, and ModelUnavailable while there is no model to know the limits from.
    """
    if len(content) > SMALL_BYTES:
        artifacts = atlas.registry.artifacts.values() or [atlas.registry.get(None)]
        manifests = [artifact.manifest for artifact in artifacts]
        check_size(content, max_body_size(atlas.settings, manifests))


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
