"""The held-out images of a model over HTTP, with tiny real models."""

import pytest
from fastapi.testclient import TestClient

from service.pictures.mosaic import lay_out
from service.settings import EMBEDDED_REPOSITORY
from tests import tiny
from tests.service.answers import assert_problem
from tests.serving import serving

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
    with serving(EMBEDDED_REPOSITORY) as client:
        body = client.get("/models/vae/reference").json()
        picture = tiny.read_levels(client.get("/models/vae/reference.png").content)

    assert len(body["labels"]) == len(body["coordinates"]) == 3000
    assert picture.shape == (55 * 28, 55 * 28)


@pytest.mark.parametrize("path", ["reference", "reference.png"])
def test_reference_of_an_unknown_model_or_with_a_query_is_refused(
    client: TestClient, path: str
) -> None:
    assert_problem(client.get(f"/models/nope/{path}"), 404)
    assert_problem(client.get(f"/models/vae/{path}?rows=1"), 422, "/query/rows")
