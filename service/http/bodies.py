"""Request bodies: bytes to a checked schema, with every fault placed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from service.errors import Fault, Invalid, Malformed, pointer
from service.settings import Settings

Schema = TypeVar("Schema", bound=BaseModel)
MOST_FAULTS = 20

# Right bodies are one object of a few fields; wrong ones are told which of theirs are unknown.
MOST_OBJECTS = 64
MOST_FIELDS = 4096
# Brackets and commas that a text in a right body may hold.
PUNCTUATION = 64


@dataclass(frozen=True)
class BodySize:
    """The most lists and values that a right body can hold, whatever its schema."""

    lists: int
    values: int


def parse_json(schema: type[Schema], content: bytes, settings: Settings) -> Schema:
    """Check `content` against `schema` within the limits of `settings`.

    Raises Malformed if it is not JSON, Invalid with the place of each fault if it is wrong.
    """
    try:
        return schema.model_validate_json(content, context=settings)
    except ValidationError as exc:
        errors = exc.errors(include_url=False, include_input=False, include_context=False)
        if errors[0]["type"] == "json_invalid":
            raise Malformed("the body is not valid JSON", "/body") from exc
        raise Invalid.at(faults(errors, "body")) from exc


def check_size(content: bytes, most: BodySize) -> None:
    """Refuse JSON with more in it than any right body, by its punctuation and unparsed.

    Once parsed, a list takes a hundred times the memory of its two brackets, and a parser holds the
    interpreter's lock, thus health, until it has built all that was sent.
    Raises Invalid.
    """
    limits = {b"[": most.lists, b",": most.values, b"{": MOST_OBJECTS, b":": MOST_FIELDS}
    for mark, limit in limits.items():
        if content.count(mark) > limit + PUNCTUATION:
            raise Invalid("the body holds more than the documented limits allow", "/body")


def check(schema: type[Schema], values: Mapping[str, object], root: str) -> Schema:
    """The same for values that are parsed already; `root` is the first token of every place."""
    try:
        return schema.model_validate(values)
    except ValidationError as exc:
        errors = exc.errors(include_url=False, include_input=False, include_context=False)
        raise Invalid.at(faults(errors, root)) from exc


def faults(errors: Sequence[ErrorDetails], root: str) -> list[Fault]:
    """pydantic's errors as faults, never echoing what was sent; at most MOST_FAULTS of them."""
    return [Fault(pointer(root, *error["loc"]), _detail(error)) for error in errors[:MOST_FAULTS]]


def _detail(error: ErrorDetails) -> str:
    return "this field is not known" if error["type"] == "extra_forbidden" else error["msg"]
