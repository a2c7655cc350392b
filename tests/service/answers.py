"""Reads and checks answers."""

import os
from collections.abc import Sequence

import httpx
import numpy as np
import numpy.typing as npt
from fastapi.testclient import TestClient

from tests import tiny

# ONNX Runtime gives the same bits whatever else is in a batch; TorchScript may be off by a level.
LEVELS_OFF = int(os.environ.get("ATLAS_RUNTIME") == "torchscript")


def assert_problem(response: httpx.Response, status: int, *pointers: str) -> None:
    """Check that the answer is a problem with this status and exactly these pointers."""
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert (response.status_code, body["status"]) == (status, status)
    assert [fault["pointer"] for fault in body["errors"]] == list(pointers)


def decode_alone(client: TestClient, point: Sequence[float]) -> npt.NDArray[np.int_]:
    """Grey levels of one point's picture, decoded on its own."""
    response = client.post("/decode", json={"latents": [point]})
    return tiny.read_levels(response.content).astype(int)
