"""Reads the settings from the environment, and says in a line what is wrong with a variable."""

import json
import logging
import os
from collections.abc import Iterable
from difflib import get_close_matches

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from service.errors import SettingWrong
from service.settings import PREFIX, Settings

logger = logging.getLogger(__name__)

CLIENT_VARIABLES = {"ATLAS_URL"}  # read by examples/

# What each kind of pydantic error says was expected; for others, `_expected` uses its message.
EXPECTED = {
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing_size": "a smaller whole number",
    "float_parsing": "a number",
    "bool_parsing": "true or false",
    "string_type": "text",
    "literal_error": "{expected}",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "value_error": "{error}",
}
SHOWN_CHARACTERS = 100


def read_settings() -> Settings:
    """The settings of the environment. Raises SettingWrong with a line for each wrong variable."""
    try:
        return Settings()
    except ValidationError as exc:
        raise SettingWrong("\n".join(map(_refusal, exc.errors()))) from exc


def warn_of_unknown_settings() -> None:
    for line in unknown_settings(os.environ):
        logger.warning(line)


def unknown_settings(variables: Iterable[str]) -> list[str]:
    """A sentence about each variable with the prefix that is no setting. It shows no value."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | CLIENT_VARIABLES
    unknown = sorted(
        name for name in variables if name.startswith(PREFIX) and name.upper() not in known
    )
    return [f"{name} is not a setting{_nearest(name)}" for name in unknown]


def wrong(name: str, value: object, why: str, example: object = None) -> str:
    """One line: a variable, its value (unless it is secret), why it is wrong, and a right one."""
    variable, field = f"{PREFIX}{name.upper()}", Settings.model_fields[name]
    if name == "api_key":
        return f"{variable} (its value is not shown): {why}"
    shown = json.dumps(str(value)[:SHOWN_CHARACTERS])
    if example is None:
        example = field.examples[0] if field.examples else field.default
    return f"{variable} is {shown}: {why}; for example {variable}={example}"


def _refusal(error: ErrorDetails) -> str:
    name = str(error["loc"][0])
    return wrong(name, error["input"], f"expected {_expected(error)}")


def _expected(error: ErrorDetails) -> str:
    if text := EXPECTED.get(error["type"]):
        return text.format(**error.get("ctx", {}))
    return error["msg"].removeprefix("Input should be ")


def _nearest(variable: str) -> str:
    name = variable.removeprefix(PREFIX).lower()
    near = get_close_matches(name, Settings.model_fields, n=1)
    return f": did you mean {PREFIX}{near[0].upper()}?" if near else "; README lists them all"
