"""A model's held-out images over HTTP, on tiny real models."""

import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.pictures.mosaic import lay_out
from service.settings import Settings
from tests import tiny
from tests.service.api.test_latent import assert_problem
from tests.service.conftest import wait_until_loaded

REFERENCE = tiny.reference(tiny.TinyAutoencoder().eval())


def test_reference_lists_a_point_and_a_label_an_image(client: TestClient) -> None:
    answer = client.get("/models/ae/reference")

    body = answer.json()
    assert (body["model"], body["version"], body["class_names"]) == ("ae", 1, ["a", "b"])
    assert body["coordinates"] == REFERENCE.coordinates.tolist()
    assert body["labels"] == REFERENCE.labels.tolist()
    assert body["thumbnails"] == {"columns": 8, "height": 28, "width": 28}
    assert answer.headers["atlas-model"] == "ae"


def test_reference_picture_has_the_images_in_the_order_of_the_points(client: TestClient) -> None:
    columns = client.get("/models/vae/reference").json()["thumbnails"]["columns"]

    picture = tiny.read_levels(client.get("/models/vae/reference.png").content)

    assert (picture == lay_out(REFERENCE.thumbnails, columns, 1)).all()


def test_reference_of_the_embedded_models_is_answered() -> None:
    with TestClient(create_app(Settings())) as client:
        wait_until_loaded(client)
        body = client.get("/models/vae/reference").json()
        picture = tiny.read_levels(client.get("/models/vae/reference.png").content)

    assert len(body["labels"]) == len(body["coordinates"]) == 3000
    assert picture.shape == (55 * 28, 55 * 28)


@pytest.mark.parametrize("path", ["reference", "reference.png"])
def test_reference_is_cacheable_and_answers_head(client: TestClient, path: str) -> None:
    first = client.get(f"/models/vae/{path}")

    again = client.get(
        f"/models/vae/{path}", headers={"If-None-Match": f'"x", {first.headers["etag"]}'}
    )
    head = client.head(f"/models/vae/{path}")

    assert first.headers["cache-control"] == "public, no-cache"
    assert (again.status_code, again.content, head.content) == (304, b"", b"")
    assert again.headers["etag"] == head.headers["etag"] == first.headers["etag"]
    assert head.headers["content-length"] == str(len(first.content))


@pytest.mark.parametrize("path", ["reference", "reference.png"])
def test_reference_of_an_unknown_model_or_with_a_query_is_refused(
    client: TestClient, path: str
) -> None:
    assert_problem(client.get(f"/models/nope/{path}"), 404)
    assert_problem(client.get(f"/models/vae/{path}?rows=1"), 422, "/query/rows")
