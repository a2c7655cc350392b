"""JSON request bodies: bytes to a checked schema, with every fault placed."""

from collections.abc import Sequence
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from service.errors import Fault, Invalid, Malformed, pointer
from service.settings import Settings

Schema = TypeVar("Schema", bound=BaseModel)
MOST_FAULTS = 20


def parse_json(schema: type[Schema], content: bytes, settings: Settings) -> Schema:
    """Check `content` against `schema` within the limits of `settings`.

    Raises Malformed if it is not JSON, Invalid with the place of each fault if it is wrong.
    """
    # Counted first, in a millisecond: a parser holds the interpreter's lock, thus health, until it
    # has built all that was sent. No string of the schemas has room for many commas.
    if content.count(b",") >= settings.max_values:
        raise Invalid(f"at most {settings.max_values} values are allowed", "/body")
    try:
        return schema.model_validate_json(content, context=settings)
    except ValidationError as exc:
        errors = exc.errors(include_url=False, include_input=False, include_context=False)
        if errors[0]["type"] == "json_invalid":
            raise Malformed("the body is not valid JSON", "/body") from exc
        raise Invalid.at(faults(errors, "body")) from exc


def faults(errors: Sequence[ErrorDetails], root: str) -> list[Fault]:
    """pydantic's errors as faults, never echoing what was sent; at most MOST_FAULTS of them."""
    return [Fault(pointer(root, *error["loc"]), _detail(error)) for error in errors[:MOST_FAULTS]]


def _detail(error: ErrorDetails) -> str:
    return "this field is not known" if error["type"] == "extra_forbidden" else error["msg"]
