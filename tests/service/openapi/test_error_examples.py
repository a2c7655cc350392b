"""Every error example in the document equals the answer to the declared wrong request."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.http.operation import Operation
from service.settings import Settings
from tests import tiny
from tests.service.openapi.requests import OPERATIONS, right_request, wrong_request
from tests.serving import app_of, serving

DOCUMENT = create_app(Settings()).openapi()
ERRORS = [
    pytest.param(operation, status, id=f"{operation.name}-{status}")
    for operation in OPERATIONS
    for status in operation.wrong
    if operation.wrong[status].request is not None
]
NOT_READY = [
    pytest.param(operation, id=operation.name)
    for operation in OPERATIONS
    if operation.name in ("tiles", "get_model", "get_statistics", "readyz")
]


def example(
    operation: Operation, status: int, document: dict[str, Any] = DOCUMENT
) -> dict[str, Any]:
    described = document["paths"][operation.path][operation.method.lower()]
    content = described["responses"][str(status)]["content"]["application/problem+json"]
    shown: dict[str, Any] = content["example"]
    return shown


@pytest.mark.parametrize(("operation", "status"), ERRORS)
def test_example_of_an_error_is_what_a_wrong_request_gets(
    client: TestClient, operation: Operation, status: int
) -> None:
    answer = wrong_request(operation, status).send(client)

    assert answer.status_code == status
    assert answer.json() == example(operation, status)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_only_what_no_request_alone_brings_about_has_no_wrong_request(
    operation: Operation,
) -> None:
    unsent = [status for status in operation.wrong if operation.wrong[status].request is None]

    assert set(unsent) <= {503}


@pytest.fixture
def broken(tmp_path: Path) -> Iterator[TestClient]:
    """A client of an app whose only model does not load."""
    (tiny.publish(tmp_path) / "model.pt").write_bytes(b"")
    with serving(tmp_path) as client:
        yield client


@pytest.mark.parametrize("operation", NOT_READY)
def test_example_of_not_ready_is_what_a_broken_model_gives(
    broken: TestClient, operation: Operation
) -> None:
    answer = right_request(operation).send(broken)

    shown = example(operation, 503)
    assert (answer.status_code, answer.json()["detail"]) == (503, shown["detail"])
    pointers = [fault["pointer"] for fault in answer.json()["errors"]]
    assert pointers == [fault["pointer"] for fault in shown["errors"]]


@pytest.mark.parametrize(
    "operation", [it for it in OPERATIONS if not it.is_open], ids=lambda operation: operation.name
)
def test_example_of_a_missing_key_is_what_comes_without_one(
    guarded: TestClient, operation: Operation
) -> None:
    answer = right_request(operation).send(guarded)

    assert answer.status_code == 401
    assert answer.json() == example(operation, 401, app_of(guarded).openapi())


@pytest.fixture(scope="module")
def guarded(repository: Path) -> Iterator[TestClient]:
    """A client without the key of an app that asks for one."""
    with serving(repository, api_key="key") as client:
        yield client


def test_examples_tell_the_limits_that_are_set(repository: Path) -> None:
    app = create_app(Settings(model_repository=repository, max_body_bytes=1000))

    responses = app.openapi()["paths"]["/decode"]["post"]["responses"]

    shown = responses["413"]["content"]["application/problem+json"]["example"]
    assert shown["detail"] == "the body is larger than 1000 bytes"
