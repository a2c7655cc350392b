"""Query parameters: nothing unknown, nothing twice."""

from pydantic import BaseModel
from starlette.datastructures import QueryParams

from service.errors import Fault, Invalid, pointer_to
from service.http.bodies import Schema, check


def read_query(parameters: QueryParams, schema: type[Schema]) -> Schema:
    """A query as `schema`. Raises Invalid with a pointer to each fault."""
    check_query(parameters, schema)
    return check(schema, dict(parameters), "query")


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
