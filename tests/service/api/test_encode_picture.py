"""/encode/picture: the file itself is the body, and the answer is that of /encode."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient

from service.artifact.arrays import Floats
from service.artifact.load import load_artifact
from service.errors import Invalid
from service.operations.encode import encode_picture
from service.settings import Settings
from tests import tiny
from tests.pictures import Kind, corpus, png
from tests.service.answers import assert_problem
from tests.serving import serving

PATH = "/encode/picture"
PICTURE = tiny.picture_bytes(tiny.random_levels(1)[0])
DARK_ON_WHITE = tiny.picture_bytes(np.full((30, 60), 255, np.uint8))
FORM = {"content-type": "multipart/form-data; boundary=b"}
HINT = (
    "this operation reads the picture file itself, as image/* or application/octet-stream; "
    "/encode reads forms, /encode/pixels JSON"
)


@pytest.mark.parametrize("kind", corpus().values(), ids=corpus())
def test_file_of_every_kind_gets_the_answer_of_encode(client: TestClient, kind: Kind) -> None:
    by_form = client.post("/encode", files=tiny.uploads([kind.content]))

    by_body = client.post(PATH, content=kind.content)

    said_of_the_file = by_form.content.replace(b'"/form/images/0"', b'"/body"')
    assert (by_body.status_code, by_body.content) == (by_form.status_code, said_of_the_file)
    assert by_body.is_success == (kind.levels is not None)


def test_model_and_polarity_are_chosen_in_the_query(client: TestClient) -> None:
    chosen = {"model": "ae", "polarity": "keep"}

    by_body = client.post(PATH, params=chosen, content=DARK_ON_WHITE)

    by_form = client.post("/encode", data=chosen, files=tiny.uploads([DARK_ON_WHITE]))
    assert by_body.headers["atlas-model"] == "ae"
    assert by_body.content == by_form.content != client.post(PATH, content=DARK_ON_WHITE).content


@pytest.mark.parametrize(
    "media_type",
    [
        None,
        "",
        "image/png",
        "image/jpeg",  # the content counts
        "Image/X-Whatever; a=b",
        "application/octet-stream",
        "binary/octet-stream",
        "application/x-www-form-urlencoded",
    ],
)
def test_picture_of_any_image_type_or_of_no_known_type_is_read(
    client: TestClient, media_type: str | None
) -> None:
    headers = {} if media_type is None else {"content-type": media_type}

    assert client.post(PATH, content=PICTURE, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "media_type", ["multipart/form-data; boundary=b", "application/json", "text/plain", "imagepng"]
)
def test_body_of_another_type_is_told_where_it_belongs(client: TestClient, media_type: str) -> None:
    answer = client.post(PATH, content=PICTURE, headers={"content-type": media_type})

    assert_problem(answer, 415)
    assert answer.json()["detail"] == HINT


def test_body_of_another_type_is_refused_unread(repository: Path) -> None:
    with serving(repository, max_body_bytes=1000) as client:
        answer = client.post(PATH, content=(bytes(500) for _ in range(9)), headers=FORM)

    assert_problem(answer, 415)


def test_compressed_picture_is_refused(client: TestClient) -> None:
    answer = client.post(PATH, content=PICTURE, headers={"content-encoding": "gzip"})

    assert_problem(answer, 415)
    assert answer.json()["detail"] == "compressed bodies are not read"


@pytest.mark.parametrize("query", ["colour=red", "polarity=none", "model=a&model=b", "images=a"])
def test_wrong_query_is_refused_with_the_place(client: TestClient, query: str) -> None:
    answer = client.post(f"{PATH}?{query}", content=PICTURE)

    assert_problem(answer, 422, f"/query/{query.partition('=')[0]}")


def test_no_body_is_an_empty_file(client: TestClient) -> None:
    assert_problem(client.post(PATH), 422, "/body")


def test_unknown_model_returns_404(client: TestClient) -> None:
    assert_problem(client.post(f"{PATH}?model=nope", content=PICTURE), 404)


def test_bytes_and_pixels_of_the_file_are_limited(repository: Path) -> None:
    with serving(repository, max_body_bytes=1000, max_picture_pixels=28 * 28) as client:
        assert client.post(PATH, content=PICTURE).status_code == 200

        assert_problem(client.post(PATH, content=bytes(1001)), 413)
        assert_problem(client.post(PATH, content=iter([bytes(500)] * 3)), 413)
        assert_problem(client.post(PATH, content=png((28, 29), 8, 0, b"")), 413, "/body")


@pytest.mark.parametrize("method", ["HEAD", "GET", "PUT", "OPTIONS"])
def test_other_methods_are_told_that_it_is_post(client: TestClient, method: str) -> None:
    answer = client.request(method, PATH)

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_only_a_small_png_is_small_work(repository: Path) -> None:
    artifact = load_artifact(repository / "vae" / "1")
    small, large = tiny.random_levels(1)[0], np.zeros((65, 64), np.uint8)

    works = [
        encode_picture(artifact, Settings(), content, "auto")
        for content in (
            tiny.picture_bytes(small),
            tiny.picture_bytes(large),
            tiny.picture_bytes(small, "JPEG"),
        )
    ]

    assert [work.is_small for work in works] == [True, False, False]
    assert [(work.kind, work.items) for work in works] == [("images", 1)] * 3


class NotFinite:
    """A model that has no finite answer."""

    def encode(self, images: Floats) -> tuple[Floats, Floats]:
        mean = np.full((len(images), 2), np.nan, np.float32)
        return mean, mean

    def decode(self, latents: Floats) -> Floats:
        raise NotImplementedError


def test_answer_that_is_not_finite_names_no_place(repository: Path) -> None:
    artifact = dataclasses.replace(load_artifact(repository / "vae" / "1"), model=NotFinite())
    work = encode_picture(artifact, Settings(), PICTURE, "auto")

    with pytest.raises(Invalid, match="no finite answer") as caught:
        work.compute()

    assert caught.value.faults == []
