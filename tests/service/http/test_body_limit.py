import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.settings import Settings
from tests.server import serve
from tests.service.conftest import wait_until_loaded

LIMIT = 10_000


@pytest.fixture(scope="module")
def limited(repository: Path) -> Iterator[TestClient]:
    """An app with a small body limit."""
    app = create_app(Settings(model_repository=repository, max_body_bytes=LIMIT))
    with TestClient(app) as client:
        wait_until_loaded(client)
        yield client


@pytest.mark.parametrize("path", ["/decode", "/encode", "/encode/pixels", "/nowhere"])
def test_declared_length_over_the_limit_is_refused(limited: TestClient, path: str) -> None:
    response = limited.post(path, content=b"x" * (LIMIT + 1))

    assert response.status_code == 413
    assert response.json()["detail"] == f"the body is larger than {LIMIT} bytes"


@pytest.mark.parametrize(
    ("path", "media_type"),
    [("/decode", "application/json"), ("/encode", "multipart/form-data; boundary=b")],
)
def test_body_without_a_length_is_refused_as_it_grows(
    limited: TestClient, path: str, media_type: str
) -> None:
    chunks = (b"-" * 1000 for _ in range(1000))

    response = limited.post(path, content=chunks, headers={"Content-Type": media_type})

    assert response.status_code == 413
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_body_that_means_nothing_is_not_looked_at(repository: Path, method: str) -> None:
    grid, chunk = "/grid?rows=2&columns=2", b"x" * LIMIT
    environment = os.environ | {"ATLAS_MAX_BODY_BYTES": str(LIMIT)}
    with (
        serve(["-m", "service"], repository, environment=environment) as (address, _),
        httpx.Client(base_url=address) as client,
    ):
        usual = client.request(method, grid)
        at_once = client.request(method, grid, content=100 * chunk)
        in_chunks = client.request(method, grid, content=(chunk for _ in range(100)))

    assert usual.is_success
    for answer in (at_once, in_chunks):
        assert (answer.status_code, answer.content) == (usual.status_code, usual.content)


def test_body_at_the_limit_is_read(limited: TestClient) -> None:
    body = b'{"latents": [[0, 0]]}'.ljust(LIMIT)

    response = limited.post("/decode", content=body, headers={"Content-Type": "application/json"})

    assert response.status_code == 200
