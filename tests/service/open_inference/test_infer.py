"""Inference on tensors gives the same answers as the service's own operations."""

import json

import hypothesis
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from tests import tiny
from tests.service.open_inference.tensor_requests import INFER, LATENTS, latents_input

IMAGES = (tiny.random_levels(3) / 255).astype("float32")


@pytest.mark.parametrize("nested", [True, False])
def test_images_give_what_encode_pixels_gives(client: TestClient, nested: bool) -> None:
    data = IMAGES[:, None].tolist() if nested else IMAGES.ravel().tolist()
    tensor = {"name": "images", "shape": [3, 1, 28, 28], "datatype": "FP32", "data": data}

    answer = client.post(INFER, json={"id": "mine", "inputs": [tensor]})

    ours = client.post("/encode/pixels", json={"model": "vae", "images": IMAGES.tolist()})
    outputs = {output["name"]: output for output in answer.json()["outputs"]}
    assert tiny.only(answer.json(), "id", "model_name", "model_version") == {
        "id": "mine",
        "model_name": "vae",
        "model_version": "1",
    }
    for name, field in (("latents", "mean"), ("standard_deviation", "standard_deviation")):
        expected = [value for entry in ours.json()["latents"] for value in entry[field]]
        assert outputs[name]["shape"] == [3, 2]
        assert outputs[name]["data"] == pytest.approx(expected, abs=1e-6)


def test_latents_give_what_decode_pixels_gives(client: TestClient) -> None:
    answer = client.post(f"{INFER[:-6]}/versions/1/infer", json=latents_input())

    ours = client.post("/decode/pixels", json={"model": "vae", "latents": LATENTS}).json()
    [pixels] = answer.json()["outputs"]
    expected = [value for image in ours["images"] for row in image for value in row]
    assert (pixels["name"], pixels["shape"]) == ("pixels", [2, 1, 28, 28])
    assert pixels["data"] == pytest.approx(expected, abs=1e-6)
    assert answer.headers["atlas-model-version"] == "1"


def test_output_is_chosen_one_by_one(client: TestClient) -> None:
    tensor = {"name": "images", "shape": [1, 1, 28, 28], "datatype": "FP32", "data": [0] * 784}
    outputs = [{"name": "standard_deviation"}]

    answer = client.post(INFER, json={"inputs": [tensor], "outputs": outputs}).json()

    assert [output["name"] for output in answer["outputs"]] == ["standard_deviation"]


def test_as_many_images_as_allowed_are_read_nested(client: TestClient) -> None:
    data = [[[[0.5] * 28] * 28]] * 256
    tensor = {"name": "images", "shape": [256, 1, 28, 28], "datatype": "FP32", "data": data}

    assert client.post(INFER, json={"inputs": [tensor]}).status_code == 200


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
