"""Encodes pictures over HTTP, with tiny real models."""

from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient

from tests import tiny
from tests.pictures import raw
from tests.service.answers import assert_problem
from tests.serving import serving

LEVELS = tiny.random_levels(5)
PIXELS = (LEVELS / 255).tolist()
PICTURES = [tiny.picture_bytes(levels) for levels in LEVELS]
LARGE = tiny.picture_bytes(np.full((30, 60), 255, np.uint8))


def test_encode_answers_for_each_picture_in_order(client: TestClient) -> None:
    files = tiny.uploads([tiny.picture_bytes(levels) for levels in LEVELS])

    response = client.post("/encode", files=files, data={"model": "ae"})

    expected, _ = tiny.TinyAutoencoder().eval().encode(tiny.to_tensor(LEVELS))
    body = response.json()
    assert (body["model"], body["version"]) == ("ae", 1)
    assert [entry["mean"] for entry in body["latents"]] == pytest.approx(
        expected.detach().numpy(), abs=1e-5
    )
    assert {tuple(entry["standard_deviation"]) for entry in body["latents"]} == {(0, 0)}


def test_encode_by_file_and_by_pixels_agree_exactly(client: TestClient) -> None:
    files = tiny.uploads([tiny.picture_bytes(levels) for levels in LEVELS])

    by_file = client.post("/encode", files=files)

    by_pixels = client.post("/encode/pixels", json={"images": PIXELS})
    assert by_file.status_code == 200
    assert by_file.json() == by_pixels.json()


def test_encode_says_where_data_lives_and_what_was_done(client: TestClient) -> None:
    known = tiny.picture_bytes(LEVELS[0])
    strange = tiny.picture_bytes(np.full((280, 280), 255, np.uint8))

    latents = client.post("/encode", files=tiny.uploads([known, strange])).json()["latents"]

    assert [entry["in_support"] for entry in latents] == [True, False]
    assert latents[0]["applied"] == []
    assert latents[1]["applied"] == ["polarity: inverted", "resize: 280 x 280 to 28 x 28"]


def test_encoding_twice_gives_the_same_answer(client: TestClient) -> None:
    files = tiny.uploads([tiny.picture_bytes(levels) for levels in LEVELS])

    answers = [client.post("/encode", files=files, data={"model": "vae"}) for _ in range(3)]

    assert len({answer.content for answer in answers}) == 1


def test_one_bad_picture_is_named_by_its_index(client: TestClient) -> None:
    good = tiny.picture_bytes(LEVELS[0])

    damaged = client.post("/encode", files=tiny.uploads([good, good[:-100], good]))
    text = client.post("/encode", files=tiny.uploads([good, good, b"text"]))

    assert_problem(damaged, 422, "/form/images/1")
    assert_problem(text, 415, "/form/images/2")


@pytest.mark.parametrize(
    ("data", "pointer"),
    [
        ({"polarity": "upside-down"}, "/form/polarity"),
        ({"colour": "red"}, "/form/colour"),
        ({"model": ["vae", "ae"]}, "/form/model"),
        ({"model": "x" * 65}, "/form/model"),
    ],
)
def test_wrong_form_is_refused_with_the_place(
    client: TestClient, data: dict[str, str | list[str]], pointer: str
) -> None:
    files = tiny.uploads([tiny.picture_bytes(LEVELS[0])])

    assert_problem(client.post("/encode", files=files, data=data), 422, pointer)


def test_work_on_the_pictures_of_one_request_is_limited(repository: Path) -> None:
    deep = raw(np.zeros((28, 28, 3), np.uint16), 16, 2)  # counts as four pictures

    with serving(repository, max_request_pixels=9 * 28 * 28) as client:
        assert client.post("/encode", files=tiny.uploads([deep, deep])).status_code == 200

        response = client.post("/encode", files=tiny.uploads([deep, deep, deep]))

    assert_problem(response, 413, "/form/images/2")


def test_encode_without_pictures_is_refused(client: TestClient) -> None:
    response = client.post("/encode", files={"polarity": (None, "auto")})

    assert_problem(response, 422, "/form/images")


def test_too_many_pictures_are_refused(client: TestClient) -> None:
    files = tiny.uploads([tiny.picture_bytes(LEVELS[0])] * 257)

    assert_problem(client.post("/encode", files=files), 422, "/form/images")


@pytest.mark.parametrize("rows", [[[0.5] * 28] * 27, [[0.5] * 28] * 27 + [[0.5] * 29]])
def test_images_of_another_size_are_refused_with_their_index(
    client: TestClient, rows: list[list[float]]
) -> None:
    response = client.post("/encode/pixels", json={"images": [PIXELS[0], rows]})

    assert_problem(response, 422, "/body/images/1")


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 2**64, 10**30])
def test_whole_number_of_any_size_is_refused_with_its_place(
    client: TestClient, number: int
) -> None:
    response = client.post("/encode/pixels", json={"images": [[[number]]]})

    assert_problem(response, 422, "/body/images/0/0/0")


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
    with serving(repository, max_output_numbers=4 * 28 * 28) as client:
        right = client.post("/reconstruct", files=tiny.uploads(PICTURES[:2]))
        wrong = client.post("/reconstruct", files=tiny.uploads([*PICTURES[:2], b"no picture"]))

    assert right.status_code == 200
    assert_problem(wrong, 422, "/form/images")
