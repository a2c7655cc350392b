"""Every example of the document: requests are sent, answers have the shape of what comes back."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from openapi_schema_validator import OAS31Validator

from service.app import create_app
from service.settings import Settings
from tests import tiny

DOCUMENT = create_app(Settings()).openapi()
OPERATIONS = [
    (path, method, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]
PICTURES = ("image/png", "image/apng")
every_operation = pytest.mark.parametrize(
    ("path", "method", "operation"), OPERATIONS, ids=[it[2]["operationId"] for it in OPERATIONS]
)


def send_examples(
    client: TestClient, path: str, method: str, operation: dict[str, Any]
) -> httpx.Response:
    """The operation's answer to its own examples; the document has no file for the form."""
    places: dict[str, dict[str, Any]] = {"path": {}, "query": {}, "header": {}}
    for parameter in operation.get("parameters", ()):
        places[parameter["in"]][parameter["name"]] = parameter["example"]
    content = operation.get("requestBody", {"content": {}})["content"]
    body: dict[str, Any] = {}
    if "application/json" in content:
        body["json"] = content["application/json"]["example"]
    elif content:
        fields = DOCUMENT["components"]["schemas"]["EncodeInput"]["properties"]
        body["data"] = {name: fields[name]["examples"][0] for name in ("model", "polarity")}
        body["files"] = tiny.uploads([tiny.picture_bytes(tiny.random_levels(1)[0])])
    address = path.format(**places["path"])
    answer: httpx.Response = client.request(
        method, address, params=places["query"], headers=places["header"], **body
    )
    return answer


def shape(value: Any) -> Any:
    """The names in a JSON value and how deep its lists are, less what is free to differ."""
    if isinstance(value, list):
        return [shape(item) for item in value[:1] if isinstance(item, dict | list)]
    if not isinstance(value, dict):
        return "value"
    free = ("training_config", "metrics", "libraries", "models")
    return {name: "free" if name in free else shape(item) for name, item in value.items()}


def schemas_and_examples(operation: dict[str, Any]) -> Iterator[tuple[dict[str, Any], Any]]:
    answers = operation["responses"].values()
    for part in (operation.get("requestBody", {}), *answers):
        for content in part.get("content", {}).values():
            if "example" in content:
                yield content["schema"], content["example"]
    for parameter in operation.get("parameters", ()):
        yield parameter["schema"], parameter["example"]


@every_operation
def test_examples_work_when_sent(
    client: TestClient, path: str, method: str, operation: dict[str, Any]
) -> None:
    answer = send_examples(client, path, method, operation)

    documented = operation["responses"]["200"]
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].partition(";")[0] in documented["content"]
    assert {name.lower() for name in documented["headers"]} <= set(answer.headers)


@pytest.mark.parametrize(
    ("path", "method", "operation"),
    [it for it in OPERATIONS if "application/json" in it[2]["responses"]["200"]["content"]],
)
def test_example_of_an_answer_has_the_shape_of_the_answer(
    client: TestClient, path: str, method: str, operation: dict[str, Any]
) -> None:
    content = operation["responses"]["200"]["content"]

    answer = send_examples(client, path, method, operation)

    assert shape(content["application/json"]["example"]) == shape(answer.json())


@every_operation
def test_examples_keep_to_their_schemas(path: str, method: str, operation: dict[str, Any]) -> None:
    for schema, example in schemas_and_examples(operation):
        whole = {**schema, "components": DOCUMENT["components"]}

        faults = list(OAS31Validator(whole).iter_errors(example))

        assert faults == [], (path, method)


@every_operation
def test_whatever_can_be_shown_has_an_example(
    path: str, method: str, operation: dict[str, Any]
) -> None:
    for part in (operation.get("requestBody", {}), *operation["responses"].values()):
        for media_type, content in part.get("content", {}).items():
            shown = media_type in (*PICTURES, "multipart/form-data") or "example" in content
            assert shown, (path, method, media_type)
