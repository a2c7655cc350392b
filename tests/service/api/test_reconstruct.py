"""/reconstruct over HTTP, on tiny real models."""

from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.settings import Settings
from tests import tiny
from tests.service.api.test_latent import LEVELS, assert_problem
from tests.service.conftest import wait_until_loaded

PICTURES = [tiny.picture_bytes(levels) for levels in LEVELS]
LARGE = tiny.picture_bytes(np.full((30, 60), 255, np.uint8))


@pytest.mark.parametrize("files", [PICTURES[:1], [*PICTURES, LARGE], PICTURES * 3])
def test_latents_are_those_of_encode(client: TestClient, files: list[bytes]) -> None:
    encoded = client.post("/encode", files=tiny.uploads(files), data={"model": "ae"}).json()

    answer = client.post("/reconstruct", files=tiny.uploads(files), data={"model": "ae"})

    assert answer.headers["atlas-model"] == answer.json()["model"] == "ae"
    for entry, latent in zip(answer.json()["reconstructions"], encoded["latents"], strict=True):
        assert tiny.only(entry, *latent) == latent


def test_picture_is_the_prepared_one_and_its_reconstruction_the_decoded_mean(
    client: TestClient,
) -> None:
    (entry,) = client.post("/reconstruct", files=tiny.uploads(PICTURES[:1])).json()[
        "reconstructions"
    ]

    decoded = client.post("/decode/pixels", json={"latents": [entry["mean"]]}).json()
    assert np.rint(np.array(entry["image"]) * 255).tolist() == LEVELS[0].tolist()
    assert entry["reconstruction"] == decoded["images"][0]


def test_error_is_that_between_the_pictures(client: TestClient) -> None:
    answer = client.post("/reconstruct", files=tiny.uploads([*PICTURES[:2], LARGE])).json()

    for entry in answer["reconstructions"]:
        image, made = np.array(entry["image"]), np.array(entry["reconstruction"])
        nats = -(image * np.log(made) + (1 - image) * np.log(1 - made)).sum()
        assert entry["error"]["mean_squared_error"] == pytest.approx(np.mean((image - made) ** 2))
        assert entry["error"]["binary_cross_entropy"] == pytest.approx(nats, rel=1e-4)


def test_wrong_form_is_refused_as_by_encode(client: TestClient) -> None:
    bad = client.post("/reconstruct", files=tiny.uploads([PICTURES[0], PICTURES[1][:-100]]))
    unknown = client.post("/reconstruct", files=tiny.uploads(PICTURES[:1]), data={"model": "nope"})

    assert_problem(bad, 422, "/form/images/1")
    assert_problem(unknown, 404)
    assert_problem(client.post("/reconstruct", json={}), 415)
    assert_problem(client.post("/reconstruct?a=1", files=tiny.uploads(PICTURES)), 422, "/query/a")


def test_answer_of_too_many_numbers_is_refused_unread(repository: Path) -> None:
    settings = Settings(model_repository=repository, max_output_numbers=4 * 28 * 28)
    with TestClient(create_app(settings)) as client:
        wait_until_loaded(client)

        right = client.post("/reconstruct", files=tiny.uploads(PICTURES[:2]))
        wrong = client.post("/reconstruct", files=tiny.uploads([*PICTURES[:2], b"no picture"]))

    assert right.status_code == 200
    assert_problem(wrong, 422, "/form/images")
