"""What the protocol says about server and models, and the parts that are not supported."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests import tiny
from tests.service.open_inference.tensor_requests import INFER
from tests.serving import app_of, serving


def test_server_tells_what_it_is(client: TestClient) -> None:
    assert client.get("/v2").json()["extensions"] == ["binary_tensor_data"]
    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/health/ready").json() == {"ready": True}


@pytest.mark.parametrize("path", ["/v2/models/ae", "/v2/models/ae/versions/1"])
def test_model_tells_its_tensors(client: TestClient, path: str) -> None:
    metadata = client.get(path).json()

    assert tiny.only(metadata, "name", "versions") == {"name": "ae", "versions": ["1"]}
    assert [(it["name"], it["shape"]) for it in metadata["inputs"]] == [
        ("images", [-1, 1, 28, 28]),
        ("latents", [-1, 2]),
    ]
    assert client.get(f"{path}/ready").json() == {"name": "ae", "ready": True}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v2/models/nope", 404),
        ("GET", "/v2/models/vae/versions/2", 404),
        ("GET", "/v2/models/vae/versions/x/ready", 404),
        ("POST", "/v2/models/nope/infer", 404),
        ("POST", "/v2/models/vae/versions/2/infer", 404),
        ("GET", "/v2/nowhere", 404),
        ("GET", "/v2/models/vae/config", 404),
        ("POST", "/v2/repository/models/vae/load", 404),
        ("GET", INFER, 405),
        ("POST", "/v2", 405),
    ],
)
def test_what_is_not_there_is_told_in_the_protocols_shape(
    client: TestClient, method: str, path: str, status: int
) -> None:
    answer = client.request(method, path)

    assert (answer.status_code, list(answer.json())) == (status, ["error"])


def test_leaving_server_is_not_ready(repository: Path) -> None:
    with serving(repository) as client:
        app_of(client).state.atlas.lifecycle.drain()

        answer = client.get("/v2/health/ready")

        assert (answer.status_code, list(answer.json())) == (503, ["error"])
        assert answer.headers["retry-after"] == "1"
