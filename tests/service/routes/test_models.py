from fastapi.testclient import TestClient


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


def test_unknown_model_returns_404(client: TestClient) -> None:
    response = client.get("/models/nope")

    assert response.status_code == 404
    assert response.json()["status"] == 404
