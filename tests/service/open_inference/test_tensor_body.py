"""Tensors as bytes after the JSON of a request or an answer."""

import json
import struct

import pytest
from fastapi.testclient import TestClient

from tests.service.open_inference.tensor_requests import INFER, latents_input, post_binary


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


@pytest.mark.parametrize("raw", [b"", bytes(12), bytes(15), bytes(17), bytes(2**20)])
def test_binary_of_another_length_is_refused(client: TestClient, raw: bytes) -> None:
    body = latents_input(data=None, parameters={"binary_data_size": 16})

    answer = post_binary(client, body, raw)

    assert (answer.status_code, list(answer.json())) == (400, ["error"])


def test_binary_nan_is_refused(client: TestClient) -> None:
    body = latents_input(data=None, parameters={"binary_data_size": 16})

    answer = post_binary(client, body, struct.pack("<4f", float("nan"), 0, 0, 0))

    assert (answer.status_code, "from -1000 to 1000" in answer.json()["error"]) == (400, True)


@pytest.mark.parametrize("length", [10**6, -1, "x", 3, "+3", "1_0", "", "9" * 5000])
def test_wrong_length_of_the_header_is_refused(client: TestClient, length: object) -> None:
    answer = post_binary(client, latents_input(), b"", length)

    assert (answer.status_code, list(answer.json())) == (400, ["error"])


def test_compressed_body_is_not_read(client: TestClient) -> None:
    answer = client.post(INFER, json=latents_input(), headers={"Content-Encoding": "gzip"})

    assert (answer.status_code, list(answer.json())) == (415, ["error"])
