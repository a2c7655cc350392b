"""Every error has the protocol's format, wherever it comes from."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.settings import Settings
from tests.service.open_inference.tensor_requests import INFER
from tests.serving import serving


@pytest.fixture
def guarded(repository: Path) -> Iterator[TestClient]:
    """A client of an app with a key and a small body limit."""
    with serving(repository, api_key="key", max_body_bytes=1000) as client:
        yield client


def test_errors_of_every_layer_are_in_the_protocols_shape(guarded: TestClient) -> None:
    key = {"X-API-Key": "key"}
    too_large = guarded.post(INFER, content=bytes(1001), headers=key)

    assert (too_large.status_code, list(too_large.json())) == (413, ["error"])
    assert (guarded.get("/v2").status_code, list(guarded.get("/v2").json())) == (401, ["error"])
    assert guarded.get("/v2/health/ready").status_code == 200
    assert list(guarded.get("/models").json()) == ["type", "title", "status", "detail", "errors"]


def test_failure_is_told_in_the_protocols_shape(repository: Path) -> None:
    app = create_app(Settings(model_repository=repository))

    @app.get("/v2/fail")
    def fail() -> None:
        raise RuntimeError("inner workings")

    answer = TestClient(app).get("/v2/fail")

    assert (answer.status_code, list(answer.json())) == (500, ["error"])
    assert "inner workings" not in answer.text


def test_head_of_an_error_has_its_status_and_no_body(client: TestClient) -> None:
    answer = client.head("/v2/nowhere")

    assert (answer.status_code, answer.content) == (404, b"")


def test_figures_have_the_status_that_was_sent(client: TestClient) -> None:
    client.post(INFER, json={"inputs": []})

    figures = client.get("/metrics").text
    route = 'method="POST",route="/v2/models/{name}/infer"'
    assert f'atlas_requests_total{{{route},status="400"}}' in figures
    assert f'atlas_requests_total{{{route},status="422"}}' not in figures
