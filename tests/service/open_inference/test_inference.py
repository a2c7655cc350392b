"""/v2 as the Open Inference Protocol has it: answers equal to ours."""

import json
import struct

import pytest
from fastapi.testclient import TestClient

from tests import tiny
from tests.service.open_inference.tensor_requests import INFER, LATENTS, latents_input, post_binary

IMAGES = (tiny.random_levels(3) / 255).astype("float32")


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


def test_binary_tensors_are_read_and_sent(client: TestClient) -> None:
    body = latents_input(data=None, parameters={"binary_data_size": 16})
    body["parameters"] = {"binary_data_output": True, "priority": 1}

    answer = post_binary(client, body, struct.pack("<4f", 0.0, 0.5, -1.5, 2.0))

    length = int(answer.headers["inference-header-content-length"])
    [output] = json.loads(answer.content[:length])["outputs"]
    values = struct.unpack(f"<{2 * 784}f", answer.content[length:])
    as_json = client.post(INFER, json=latents_input()).json()["outputs"][0]["data"]
    assert output["parameters"] == {"binary_data_size": 2 * 784 * 4}
    assert list(values) == as_json


def test_output_is_chosen_one_by_one(client: TestClient) -> None:
    tensor = {"name": "images", "shape": [1, 1, 28, 28], "datatype": "FP32", "data": [0] * 784}
    outputs = [{"name": "standard_deviation"}]

    answer = client.post(INFER, json={"inputs": [tensor], "outputs": outputs}).json()

    assert [output["name"] for output in answer["outputs"]] == ["standard_deviation"]


def test_as_many_images_as_allowed_are_read_nested(client: TestClient) -> None:
    data = [[[[0.5] * 28] * 28]] * 256
    tensor = {"name": "images", "shape": [256, 1, 28, 28], "datatype": "FP32", "data": data}

    assert client.post(INFER, json={"inputs": [tensor]}).status_code == 200
