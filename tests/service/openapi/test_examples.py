"""Sends every example request of the document and compares the answer with its example."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from openapi_schema_validator import OAS31Validator

from service.app import create_app
from service.http.operation import Operation
from service.settings import Settings
from tests.service.openapi.requests import OPERATIONS, right_request

DOCUMENT = create_app(Settings()).openapi()
PICTURES = ("image/png", "multipart/form-data", "application/octet-stream")
every_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda it: it.name)


def described(operation: Operation) -> dict[str, Any]:
    """What the document says about an operation."""
    found: dict[str, Any] = DOCUMENT["paths"][operation.path][operation.method.lower()]
    return found


def shape(value: Any) -> Any:
    """The names in a JSON value and the depth of its lists, without parts that may differ."""
    if isinstance(value, list):
        return [shape(item) for item in value[:1] if isinstance(item, dict | list)]
    if not isinstance(value, dict):
        return "value"
    free = ("training_config", "metrics", "libraries", "models")
    return {name: "free" if name in free else shape(item) for name, item in value.items()}


def schemas_and_examples(operation: Operation) -> Iterator[tuple[dict[str, Any], Any]]:
    shown = described(operation)
    for part in (shown.get("requestBody", {}), *shown["responses"].values()):
        for content in part.get("content", {}).values():
            if "example" in content:
                yield content["schema"], content["example"]
    for parameter in shown.get("parameters", ()):
        yield parameter["schema"], parameter["example"]


@every_operation
def test_examples_work_when_sent(client: TestClient, operation: Operation) -> None:
    answer = right_request(operation).send(client)

    documented = described(operation)["responses"]["200"]
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].partition(";")[0] in documented["content"]
    assert {name.lower() for name in documented["headers"]} <= set(answer.headers)


@pytest.mark.parametrize(
    "operation",
    [it for it in OPERATIONS if it.answers.media_type == "application/json"],
    ids=lambda it: it.name,
)
def test_example_of_an_answer_has_the_shape_of_the_answer(
    client: TestClient, operation: Operation
) -> None:
    answer = right_request(operation).send(client)

    assert shape(operation.answers.example) == shape(answer.json())


@every_operation
def test_document_shows_the_examples_that_are_declared(operation: Operation) -> None:
    shown = described(operation)
    parameters = {it["name"]: it["example"] for it in shown.get("parameters", ())}
    content = shown.get("requestBody", {"content": {}})["content"]

    if "application/json" in content:
        assert content["application/json"]["example"] == operation.example
    elif "form" in operation.schemas:
        schema = content["multipart/form-data"]["schema"]["$ref"].rpartition("/")[2]
        fields = DOCUMENT["components"]["schemas"][schema]["properties"]
        assert {it: fields[it]["examples"] for it in operation.example} == {
            name: [value] for name, value in operation.example.items()
        }
    else:
        parameters.pop("if-none-match", None)
        assert parameters == operation.example


@every_operation
def test_examples_keep_to_their_schemas(operation: Operation) -> None:
    for schema, example in schemas_and_examples(operation):
        whole = {**schema, "components": DOCUMENT["components"]}

        assert list(OAS31Validator(whole).iter_errors(example)) == []


@every_operation
def test_whatever_can_be_shown_has_an_example(operation: Operation) -> None:
    shown = described(operation)
    for part in (shown.get("requestBody", {}), *shown["responses"].values()):
        for media_type, content in part.get("content", {}).items():
            assert media_type in PICTURES or "example" in content, media_type
