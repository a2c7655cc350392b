from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests import tiny
from tests.serving import serving


def test_models_are_listed_with_the_default(client: TestClient) -> None:
    body = client.get("/models").json()

    assert body["default"] == "vae"
    assert [(model["name"], model["kind"]) for model in body["models"]] == [
        ("ae", "ae"),
        ("vae", "vae"),
    ]
    assert body["unavailable"] == []


def test_model_is_described_from_its_manifest(client: TestClient) -> None:
    body = client.get("/models/vae").json()

    assert body["image"] == {"height": 28, "width": 28, "polarity": "white-on-black"}
    assert body["class_names"] == ["a", "b"]
    assert body["latent_statistics"]["percentile_99"] == [9, 2]
    assert (body["reference_points"], body["support_distance"]) == (50, 0.75)
    assert body["metrics"] == {"loss": 1.5}


def test_statistics_are_the_measures_of_the_manifest(client: TestClient) -> None:
    body = client.get("/models/vae/statistics").json()

    assert (body["model"], body["version"]) == ("vae", 1)
    assert [measure["name"] for measure in body["measures"]] == ["coverage", "kl"]
    assert body["measures"][0] == {
        "name": "coverage",
        "value": 25.0,
        "unit": "%",
        "better": "neither",
        "sentence": "25 of 100 parts.",
    }


def test_version_of_before_there_were_measures_has_none(tmp_path: Path) -> None:
    tiny.as_schema_1(tiny.publish(tmp_path))

    with serving(tmp_path) as client:
        response = client.get("/models/vae/statistics")

    assert response.status_code == 200
    assert response.json() == {"model": "vae", "version": 1, "measures": []}


@pytest.mark.parametrize("path", ["/models/nope", "/models/nope/statistics"])
def test_unknown_model_returns_404(client: TestClient, path: str) -> None:
    response = client.get(path)

    assert response.status_code == 404
    assert response.json()["status"] == 404
