import threading
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.artifact.contract import Artifact
from service.artifact.load import load_artifact
from service.artifact.programs import RuntimeChoice
from service.serving import registry
from service.settings import Settings
from tests import tiny
from tests.serving import serving, wait_until_loaded


def test_ready_service_names_the_versions_it_serves(client: TestClient) -> None:
    response = client.get("/readyz")

    assert (response.status_code, response.json()["models"]) == (200, {"ae": 1, "vae": 1})


def test_service_is_alive_but_not_ready_while_models_load(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()

    def load_slowly(folder: Path, runtime: RuntimeChoice) -> Artifact:
        gate.wait()
        return load_artifact(folder, runtime)

    monkeypatch.setattr(registry, "load_artifact", load_slowly)
    with TestClient(create_app(Settings(model_repository=repository))) as client:
        alive, ready, grid = client.get("/livez"), client.get("/readyz"), client.get("/grid")
        gate.set()
        wait_until_loaded(client)

        assert (alive.status_code, ready.status_code, grid.status_code) == (200, 503, 503)
        assert grid.headers["retry-after"] == "1"
        assert client.get("/readyz").status_code == 200


def test_broken_model_keeps_the_service_from_being_ready(tmp_path: Path) -> None:
    tiny.publish(tmp_path, "vae")
    (tiny.publish(tmp_path, "ae") / "model.pt").write_bytes(b"cut")

    with serving(tmp_path) as client:
        problem = client.get("/readyz").json()
        assert [fault["pointer"] for fault in problem["errors"]] == ["/models/ae"]
        assert client.get("/grid?rows=1").status_code == 200
        assert client.get("/grid?rows=1&model=ae").status_code == 503
        assert client.get("/models").json()["unavailable"][0]["name"] == "ae"
