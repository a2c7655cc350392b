"""Every example of an error in the document: a request that is answered with exactly it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.settings import Settings
from tests import pictures, tiny
from tests.service.conftest import wait_until_loaded

SETTINGS = Settings()
DOCUMENT = create_app(SETTINGS).openapi()
OPERATIONS = {
    operation["operationId"]: (method, path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
# No request brings these about alone; tests of their own do.
UNSENT = ("500", "503")
PLACE = {"model": "vae", "name": "vae", "z": 10, "x": 511, "y": 512}
ERRORS = [
    pytest.param(name, status, id=f"{name}-{status}")
    for name, (_, _, operation) in OPERATIONS.items()
    for status in operation["responses"]
    if status not in ("200", "304", *UNSENT)
]

GOOD = tiny.picture_bytes(tiny.random_levels(1)[0])
HUGE = pictures.png((60_000, 60_000), 8, 6, b"")
UNKNOWN = {"name": "nope", "model": "nope"}
FORM: dict[str, dict[str, Any]] = {
    "400": {"content": b"", "headers": {"content-type": "multipart/form-data"}},
    "404": {"files": tiny.uploads([GOOD]), "data": {"model": "nope"}},
    "413": {"files": tiny.uploads([HUGE])},
    "415": {"files": tiny.uploads([GOOD, b"not a picture"])},
    "422": {"files": tiny.uploads([GOOD[:100]])},
}
ADDRESS: dict[str, dict[str, Any]] = {
    "400": {"headers": {"host": "no host"}},
    "404": {"place": UNKNOWN},
    "422": {"params": {"colour": "red"}},
}
# Where an operation has a wrong request of its own.
OWN: dict[tuple[str, str], dict[str, Any]] = {
    ("encode_pixels", "422"): {"json": {"images": [[[0.0]]]}},
    ("grid", "404"): {"params": {"model": "nope"}},
    ("grid", "422"): {"params": {"x_min": 3, "x_max": -3}},
    ("tile", "404"): {"place": {"x": 1024}},
    ("tile", "422"): {"place": {"z": "ten"}},
}


def wrong_request(name: str, status: str) -> dict[str, Any]:
    """What a wrong request to the operation has in it."""
    method, _, operation = OPERATIONS[name]
    if own := OWN.get((name, status)):
        return own
    if method == "get":
        return ADDRESS[status]
    content = operation["requestBody"]["content"]
    return FORM[status] if "multipart/form-data" in content else wrong_json(content, status)


def wrong_json(content: dict[str, Any], status: str) -> dict[str, Any]:
    right, media_type = content["application/json"]["example"], "application/json"
    large = bytes(SETTINGS.max_body_bytes + 1)
    wrong: dict[str, dict[str, Any]] = {
        "400": {"content": b"{", "headers": {"content-type": media_type}},
        "404": {"json": right | {"model": "nope"}},
        "413": {"content": large, "headers": {"content-type": media_type}},
        "415": {"content": b"{}", "headers": {"content-type": "text/plain"}},
        "422": {"json": {"latents": [[0.0, 0.0], [1.0, 2.0, 3.0]]}},
    }
    return wrong[status]


def example(name: str, status: str) -> dict[str, Any]:
    content = OPERATIONS[name][2]["responses"][status]["content"]["application/problem+json"]
    shown: dict[str, Any] = content["example"]
    return shown


@pytest.mark.parametrize(("name", "status"), ERRORS)
def test_example_of_an_error_is_what_a_wrong_request_gets(
    client: TestClient, name: str, status: str
) -> None:
    method, path, _ = OPERATIONS[name]
    request = dict(wrong_request(name, status))
    address = path.format(**PLACE | request.pop("place", {}))

    answer = client.request(method, address, **request)

    assert answer.status_code == int(status)
    assert answer.json() == example(name, status)


@pytest.fixture
def broken(tmp_path: Path) -> Iterator[TestClient]:
    """A client of an app whose only model does not load."""
    (tiny.publish(tmp_path) / "model.pt").write_bytes(b"")
    with TestClient(create_app(Settings(model_repository=tmp_path))) as client:
        wait_until_loaded(client)
        yield client


@pytest.mark.parametrize("name", ["tiles", "get_model", "get_statistics", "readyz"])
def test_example_of_not_ready_is_what_a_broken_model_gives(broken: TestClient, name: str) -> None:
    answer = broken.get(OPERATIONS[name][1].format(**PLACE))

    shown = example(name, "503")
    assert (answer.status_code, answer.json()["detail"]) == (503, shown["detail"])
    places = [fault["pointer"] for fault in answer.json()["errors"]]
    assert places == [fault["pointer"] for fault in shown["errors"]]


def test_example_of_a_missing_key_is_what_comes_without_one(repository: Path) -> None:
    app = create_app(Settings(model_repository=repository, api_key="key"))
    content = app.openapi()["paths"]["/models"]["get"]["responses"]["401"]["content"]

    with TestClient(app) as client:
        answer = client.get("/models")

    assert answer.json() == content["application/problem+json"]["example"]


def test_examples_tell_the_limits_that_are_set(repository: Path) -> None:
    app = create_app(Settings(model_repository=repository, max_body_bytes=1000))

    responses = app.openapi()["paths"]["/decode"]["post"]["responses"]

    shown = responses["413"]["content"]["application/problem+json"]["example"]
    assert shown["detail"] == "the body is larger than 1000 bytes"
