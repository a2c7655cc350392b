"""Runs the whole path on a small real sample: images, training, artifact, service."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from service.artifact.load import load_artifact
from service.artifact.runtimes.torchscript import torchscript_allowed
from tests import tiny
from tests.serving import serving
from training.command_line import app
from training.config import DataSection, parse_config
from training.data.loading import find_source, load_data
from training.models import Autoencoder, build_model

DATA = Path(__file__).parent / "data" / "fashion-mnist"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A VAE and a standardised AE with the default presets, fitted for one epoch."""
    folder = tmp_path_factory.mktemp("end-to-end")
    for kind in ("vae", "ae"):
        options = f"--data-dir {DATA} --repository {folder / 'models'} --runs-dir {folder / 'runs'}"
        small = "--epochs 1 --set data.validation_images=50 --set export.reference_images=60"
        done = CliRunner().invoke(app, f"fit {kind} {options} {small}")
        assert done.exit_code == 0, done.output
    return folder / "models"


@pytest.fixture(scope="module")
def client(repository: Path) -> Iterator[TestClient]:
    """A client of the service with the models just trained."""
    with serving(repository) as test_client:
        yield test_client


def eager(folder: Path) -> Autoencoder:
    """The artifact's weights in the network's own Python code."""
    artifact = load_artifact(folder)
    config = parse_config(json.dumps(artifact.manifest.training.config))
    model = build_model(config, (28, 28))
    with torchscript_allowed():
        published = torch.jit.load(str(folder / "model.pt"))  # type: ignore[no-untyped-call]
    model.load_state_dict(published.state_dict())
    return model.eval().requires_grad_(False)


@pytest.mark.parametrize("kind", ["vae", "ae"])
def test_what_was_trained_is_what_is_served(
    client: TestClient, repository: Path, kind: str
) -> None:
    pixels = load_data(find_source(DATA), DataSection(), seed=0).held_out.pixels[:][:, 0]
    files = tiny.uploads([tiny.picture_bytes(levels) for levels in pixels])

    encoded = client.post("/encode", files=files, data={"model": kind}).json()["latents"]
    means = [entry["mean"] for entry in encoded]
    body = {"model": kind, "latents": means}
    decoded = client.post("/decode/pixels", json=body).json()["images"]

    model = eager(repository / kind / "1")
    mean, deviation = model.encode(tiny.to_tensor(pixels))
    assert np.array(means) == pytest.approx(mean.numpy(), abs=1e-5)
    assert np.array([entry["standard_deviation"] for entry in encoded]) == pytest.approx(
        deviation.numpy(), abs=1e-5
    )
    assert np.array(decoded) == pytest.approx(model.decode(mean).squeeze(1).numpy(), abs=1e-5)


def test_served_grid_is_the_figure_that_training_drew(client: TestClient, repository: Path) -> None:
    drawn = (repository / "vae" / "1" / "figures" / "grid.png").read_bytes()

    served = tiny.read_levels(client.get("/grid?model=vae").content).astype(int)

    assert np.abs(served - tiny.read_levels(drawn)).max() <= 1


def test_encoded_images_of_an_ae_are_standardised(client: TestClient) -> None:
    statistics = client.get("/models/ae").json()["latent_statistics"]

    assert statistics["mean"] == pytest.approx([0, 0], abs=1e-3)
    assert statistics["standard_deviation"] == pytest.approx([1, 1], abs=1e-3)
