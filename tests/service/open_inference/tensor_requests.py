"""Requests of the Open Inference Protocol, right or with one fault."""

import json
from typing import Any

import httpx
from fastapi.testclient import TestClient

LATENTS = [[0.0, 0.5], [-1.5, 2.0]]
INFER = "/v2/models/vae/infer"


def latents_input(**changes: object) -> dict[str, Any]:
    """A request to decode, with changes to its tensor."""
    tensor = {"name": "latents", "shape": [2, 2], "datatype": "FP32", "data": LATENTS}
    return {"inputs": [tensor | changes]}


def post_binary(
    client: TestClient, body: dict[str, Any], raw: bytes, length: object = None
) -> httpx.Response:
    header = json.dumps(body).encode()
    announced = str(len(header) if length is None else length)
    answer: httpx.Response = client.post(
        INFER, content=header + raw, headers={"Inference-Header-Content-Length": announced}
    )
    return answer
