"""Whoever else asks at the same moment, a request's answer has the same bytes."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import numpy as np
import pytest

from service.settings import EMBEDDED_REPOSITORY
from tests import tiny
from tests.server import figure, serve

SEVERAL = 48
ROUNDS = 6
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """One worker with the embedded models, so that all requests meet on its event loop."""
    with serve(["-m", "service"], EMBEDDED_REPOSITORY) as (address, _):
        yield address


def requests_of(address: str) -> list[httpx.Request]:
    """Each small operation of both models, for several pictures and points."""

    def post(path: str, **content: Any) -> httpx.Request:
        return httpx.Request("POST", address + path, **content)

    generator, made = np.random.default_rng(5), list[httpx.Request]()
    for model in ("vae", "ae"):
        for levels in tiny.random_levels(4):
            pixels = levels / 255
            files = tiny.uploads([tiny.picture_bytes(levels)])
            form = {"files": files, "data": {"model": model}}
            tensor = {
                "name": "images",
                "shape": [1, 1, 28, 28],
                "datatype": "FP32",
                "data": pixels.ravel().tolist(),
            }
            latents = generator.normal(size=(2, 2)).tolist()
            made += [
                post("/encode", **form),
                post("/reconstruct", **form),
                post("/encode/pixels", json={"images": [pixels.tolist()], "model": model}),
                post("/decode", json={"latents": latents, "model": model}),
                post("/decode/pixels", json={"latents": latents[:1], "model": model}),
                post("/interpolate", json={"latents": latents, "model": model}),
                post(f"/v2/models/{model}/infer", json={"inputs": [tensor]}),
            ]
    for request in made:
        request.read()
    return made


def test_no_answer_depends_on_who_else_asks(address: str) -> None:
    requests = requests_of(address)

    with httpx.Client() as client, ThreadPoolExecutor(SEVERAL) as threads:
        alone = [client.send(request) for request in requests]
        assert {answer.status_code for answer in alone} == {200}
        together = list(threads.map(client.send, requests * ROUNDS))

    for answer, expected in zip(together, alone * ROUNDS, strict=True):
        assert answer.content == expected.content
    calls = figure(address, "atlas_inference_gathered_count")
    assert figure(address, "atlas_inference_gathered_sum") > calls  # some were in one call


def test_wrong_request_among_right_ones_fails_alone(address: str) -> None:
    right = json.dumps({"latents": [[0.5, -0.5]]})
    wrong = json.dumps({"latents": [[0.5, -0.5, 1.0]]})
    expected = {
        body: httpx.post(f"{address}/decode", content=body, headers=JSON) for body in (right, wrong)
    }
    assert [answer.status_code for answer in expected.values()] == [200, 422]

    with httpx.Client(headers=JSON) as client, ThreadPoolExecutor(SEVERAL) as threads:
        bodies = [right, right, wrong] * SEVERAL
        answers = threads.map(lambda body: client.post(f"{address}/decode", content=body), bodies)
        for body, answer in zip(bodies, answers, strict=True):
            assert (answer.status_code, answer.content) == (
                expected[body].status_code,
                expected[body].content,
            )
