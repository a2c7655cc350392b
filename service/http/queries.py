"""What a request's address says: texts of the path and the query, each as its schema has it."""

import re
from collections.abc import Mapping

from pydantic import BaseModel
from starlette.datastructures import QueryParams

from service.errors import Fault, Invalid, pointer_to
from service.http.bodies import Schema, check

# How a number is written in an address. pydantic also takes "1_0", "+1", " 1", "1.0" for 1 and the
# digits of other scripts.
NUMBERS: Mapping[type, tuple[re.Pattern[str], str]] = {
    int: (re.compile(r"-?[0-9]+"), "expected a whole number in digits, such as 21"),
    float: (
        re.compile(r"-?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?"),
        "expected a number in digits, such as -1.5 or 2e-3",
    ),
}


def read_query(parameters: QueryParams, schema: type[Schema]) -> Schema:
    """A query as `schema`. Raises Invalid with a pointer to each fault."""
    check_query(parameters, schema)
    return read_texts(dict(parameters), schema, "query")


def read_texts(texts: Mapping[str, str], schema: type[Schema], root: str) -> Schema:
    """Texts by name as `schema`; `root` is the first token of every pointer. Raises Invalid."""
    read = check(schema, texts, root)
    faults = [
        Fault(pointer_to(root, name), expected)
        for name, text in texts.items()
        if (expected := _unlike_a_number(text, getattr(read, name)))
    ]
    if faults:
        raise Invalid.at(faults)
    return read


def check_query(parameters: QueryParams, schema: type[BaseModel] | None) -> None:
    """Refuse parameters that the schema does not have, or that are given twice. Raises Invalid."""
    known = schema.model_fields if schema else ()
    names = [name for name, _ in parameters.multi_items()]
    faults = [
        Fault(
            pointer_to("query", name),
            "this parameter is given more than once"
            if name in known
            else "this parameter is not known",
        )
        for name in dict.fromkeys(names)
        if name not in known or names.count(name) > 1
    ]
    if faults:
        raise Invalid.at(faults)


def _unlike_a_number(text: str, value: object) -> str | None:
    """What was expected in place of a text that was read as a number but is not written as one."""
    pattern, expected = NUMBERS.get(type(value), (None, None))
    return expected if pattern and not pattern.fullmatch(text) else None
