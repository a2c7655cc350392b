"""/v2: what is wrong is told in the Open Inference Protocol's shape, whichever layer refuses."""

import json
import struct
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from service.app import create_app
from service.open_inference import infer as open_inference
from service.settings import Settings
from tests.service.conftest import wait_until_loaded
from tests.service.open_inference.tensor_requests import INFER, latents_input, post_binary

WRONG: dict[str, object] = {
    "no input": {"inputs": []},
    "an unknown input": latents_input(name="x"),
    "both inputs": {"inputs": latents_input()["inputs"] * 2},
    "another datatype": latents_input(datatype="FP64"),
    "another shape": latents_input(shape=[2, 3]),
    "a shape of another rank": latents_input(shape=[2]),
    "an empty batch": latents_input(shape=[0, 2], data=[]),
    "a negative batch": latents_input(shape=[-1, 2]),
    "a batch that overflows": latents_input(shape=[2**62, 2]),
    "a batch over the limit": latents_input(shape=[1338, 2], data=[0] * 2676),
    "a huge batch without the data": latents_input(shape=[1000, 2]),
    "NaN": json.dumps(latents_input(data=[float("nan"), 0, 0, 0])).encode(),
    "1e400": json.dumps(latents_input(data=[1.5, 0, 0, 0])).replace("1.5", "1e400").encode(),
    "many digits": latents_input(data=[10**400, 0, 0, 0]),
    "a value out of range": latents_input(data=[1001, 0, 0, 0]),
    "true": latents_input(data=[True, 0, 0, 0]),
    "no data": {"inputs": [{"name": "latents", "shape": [2, 2], "datatype": "FP32"}]},
    "data that is announced but absent": latents_input(
        data=None, parameters={"binary_data_size": 16}
    ),
    "data twice": latents_input(parameters={"binary_data_size": 16}),
    "shared memory": latents_input(data=None, parameters={"shared_memory_region": "r"}),
    "an unknown output": latents_input() | {"outputs": [{"name": "labels"}]},
    "an output of the other input": latents_input() | {"outputs": [{"name": "latents"}]},
    "an output twice": latents_input() | {"outputs": [{"name": "pixels"}] * 2},
    "a classification": latents_input()
    | {"outputs": [{"name": "pixels", "parameters": {"classification": 3}}]},
    "an unknown field": latents_input() | {"input": []},
    "not an object": [],
    "not JSON": b"{",
    "nothing": b"",
}


@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG.keys())
def test_wrong_request_is_told_in_the_protocols_shape(client: TestClient, body: object) -> None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    answer = client.post(INFER, content=content)

    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert list(answer.json()) == ["error"]
    assert answer.json()["error"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["name", "data", "binary_data_size"]), inner)
    ),
    max_leaves=8,
)


@hypothesis.settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(field=st.sampled_from(["name", "shape", "datatype", "data", "parameters"]), value=JSON)
def test_random_value_of_a_field_is_answered_or_refused(
    client: TestClient, field: str, value: object
) -> None:
    answer = client.post(INFER, content=json.dumps(latents_input(**{field: value})))

    assert answer.status_code in (200, 400), answer.text


@pytest.mark.parametrize("raw", [b"", bytes(12), bytes(15), bytes(17), bytes(2**20)])
def test_binary_of_another_length_is_refused(client: TestClient, raw: bytes) -> None:
    body = latents_input(data=None, parameters={"binary_data_size": 16})

    answer = post_binary(client, body, raw)

    assert (answer.status_code, list(answer.json())) == (400, ["error"])


def test_binary_nan_is_refused(client: TestClient) -> None:
    body = latents_input(data=None, parameters={"binary_data_size": 16})

    answer = post_binary(client, body, struct.pack("<4f", float("nan"), 0, 0, 0))

    assert (answer.status_code, "from -1000 to 1000" in answer.json()["error"]) == (400, True)


@pytest.mark.parametrize("length", [10**6, -1, "x", 3])
def test_wrong_length_of_the_header_is_refused(client: TestClient, length: object) -> None:
    answer = post_binary(client, latents_input(), b"", length)

    assert (answer.status_code, list(answer.json())) == (400, ["error"])


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


def test_head_of_an_error_has_its_status_and_no_body(client: TestClient) -> None:
    answer = client.head("/v2/nowhere")

    assert (answer.status_code, answer.content) == (404, b"")


def test_compressed_body_is_not_read(client: TestClient) -> None:
    answer = client.post(INFER, json=latents_input(), headers={"Content-Encoding": "gzip"})

    assert (answer.status_code, list(answer.json())) == (415, ["error"])


@pytest.fixture
def guarded(repository: Path) -> Iterator[TestClient]:
    """A client of an app with a key, a small limit and one place that cannot be had."""
    settings = Settings(model_repository=repository, api_key="key", max_body_bytes=1000)
    with TestClient(create_app(settings)) as client:
        wait_until_loaded(client)
        yield client


def test_errors_of_every_layer_are_in_the_protocols_shape(guarded: TestClient) -> None:
    key = {"X-API-Key": "key"}
    too_large = guarded.post(INFER, content=bytes(1001), headers=key)

    assert (too_large.status_code, list(too_large.json())) == (413, ["error"])
    assert (guarded.get("/v2").status_code, list(guarded.get("/v2").json())) == (401, ["error"])
    assert guarded.get("/v2/health/ready").status_code == 200
    assert list(guarded.get("/models").json()) == ["type", "title", "status", "detail", "errors"]


def test_failure_is_told_in_the_protocols_shape(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_inference, "describe", lambda _: 1 / 0)

    answer = client.get("/v2/models/vae")

    assert (answer.status_code, list(answer.json())) == (500, ["error"])


def test_figures_have_the_status_that_was_sent(client: TestClient) -> None:
    client.post(INFER, json={"inputs": []})

    figures = client.get("/metrics").text
    route = 'method="POST",route="/v2/models/{name}/infer"'
    assert f'atlas_requests_total{{{route},status="400"}}' in figures
    assert f'atlas_requests_total{{{route},status="422"}}' not in figures


def test_leaving_server_is_not_ready(repository: Path) -> None:
    app = create_app(Settings(model_repository=repository))
    with TestClient(app) as client:
        wait_until_loaded(client)
        app.state.atlas.lifecycle.leave()

        answer = client.get("/v2/health/ready")

        assert (answer.status_code, list(answer.json())) == (503, ["error"])
        assert answer.headers["retry-after"] == "1"
