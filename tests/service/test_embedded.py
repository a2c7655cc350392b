"""The embedded models: real artifacts in their intended use."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from fastapi.testclient import TestClient

from service.artifact.load import load_artifact
from service.artifact.versions import version_numbers
from service.settings import EMBEDDED_REPOSITORY
from tests import tiny
from tests.serving import serving

DATA = Path(__file__).parent.parent / "data" / "fashion-mnist"
KINDS = ["ae", "vae"]


@pytest.fixture(scope="module")
def embedded() -> Iterator[TestClient]:
    """A client of the service with default settings."""
    with serving(EMBEDDED_REPOSITORY) as client:
        yield client


@pytest.fixture(scope="module")
def held_out() -> npt.NDArray[np.uint8]:
    """100 real held-out images, ten per class: [100, 28, 28]."""
    content = gzip.decompress((DATA / "t10k-images-idx3-ubyte.gz").read_bytes())
    return np.frombuffer(content, np.uint8, offset=16).reshape(-1, 28, 28)


def folder_of(kind: str) -> Path:
    return EMBEDDED_REPOSITORY / kind / str(version_numbers(EMBEDDED_REPOSITORY / kind)[-1])


@pytest.mark.parametrize("kind", KINDS)
def test_artifact_loads_and_verifies(kind: str) -> None:
    manifest = load_artifact(folder_of(kind)).manifest

    assert (manifest.kind, manifest.training.preset) == (kind, "default")
    assert manifest.files["model.pt"].size <= 6_000_000


@pytest.mark.parametrize(("kind", "maximum"), [("vae", 246.0), ("ae", 237.0)])
def test_recorded_quality_is_what_is_promised(kind: str, maximum: float) -> None:
    metrics = load_artifact(folder_of(kind)).manifest.training.metrics

    assert metrics["held_out_loss"] <= maximum


@pytest.mark.parametrize("kind", KINDS)
def test_recorded_realism_is_that_of_a_trained_model(kind: str) -> None:
    values = {m.name: m.value for m in load_artifact(folder_of(kind)).manifest.measures}

    # A VAE after one epoch scores 8 and 6, blurred copies of these pictures 31 to 32 and 20.
    assert values["realism_midway"] > 50
    assert values["realism_grid"] > 35


@pytest.mark.parametrize("kind", KINDS)
def test_held_out_images_by_file_and_by_pixels_lie_where_eager_torch_puts_them(
    embedded: TestClient, held_out: npt.NDArray[np.uint8], kind: str
) -> None:
    files = tiny.uploads([tiny.picture_bytes(levels) for levels in held_out])

    by_file = embedded.post("/encode", files=files, data={"model": kind}).json()

    pixels = {"model": kind, "images": (held_out / 255).tolist()}
    assert by_file == embedded.post("/encode/pixels", json=pixels).json()
    assert all(entry["applied"] == [] for entry in by_file["latents"])
    expected, deviation = load_artifact(folder_of(kind)).model.encode(tiny.to_images(held_out))
    assert [entry["mean"] for entry in by_file["latents"]] == expected.tolist()
    assert [entry["standard_deviation"] for entry in by_file["latents"]] == deviation.tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_most_held_out_images_are_in_support(
    embedded: TestClient, held_out: npt.NDArray[np.uint8], kind: str
) -> None:
    pixels = {"model": kind, "images": (held_out / 255).tolist()}

    latents = embedded.post("/encode/pixels", json=pixels).json()["latents"]

    assert sum(entry["in_support"] for entry in latents) >= 90


@pytest.mark.parametrize("kind", KINDS)
def test_every_tile_of_the_grid_equals_the_decode_of_its_point(
    embedded: TestClient, kind: str
) -> None:
    grid = tiny.read_levels(embedded.get("/grid", params={"model": kind}).content)

    axis = [-4 + 0.4 * step for step in range(21)]
    for row, y in enumerate(reversed(axis)):
        for column in (0, 7, 10, 20):
            body = {"model": kind, "latents": [[axis[column], y]]}
            alone = tiny.read_levels(embedded.post("/decode", json=body).content)
            tile = grid[row * 28 : row * 28 + 28, column * 28 : column * 28 + 28]
            assert np.array_equal(tile, alone)


@pytest.mark.parametrize("kind", KINDS)
def test_coordinates_of_a_picture_are_the_same_alone_and_among_256(
    embedded: TestClient, held_out: npt.NDArray[np.uint8], kind: str
) -> None:
    pictures = (np.concatenate([held_out] * 3)[:256] / 255).tolist()

    together = embedded.post("/encode/pixels", json={"model": kind, "images": pictures}).json()

    for index in (0, 1, 100, 255):
        body = {"model": kind, "images": [pictures[index]]}
        alone = embedded.post("/encode/pixels", json=body).json()
        assert alone["latents"] == [together["latents"][index]]


def test_the_two_planes_differ(embedded: TestClient) -> None:
    vae, ae = (
        tiny.read_levels(embedded.get("/grid", params={"model": kind}).content) for kind in KINDS
    )

    assert np.abs(vae.astype(int) - ae).mean() > 10


def test_decoding_what_was_encoded_resembles_the_picture(
    embedded: TestClient, held_out: npt.NDArray[np.uint8]
) -> None:
    pixels = (held_out / 255).tolist()
    encoded = embedded.post("/encode/pixels", json={"model": "ae", "images": pixels}).json()

    points = [entry["mean"] for entry in encoded["latents"]]
    decoded = embedded.post("/decode/pixels", json={"model": "ae", "latents": points}).json()

    error = np.abs(np.array(decoded["images"]) - held_out / 255).mean()
    assert error < np.abs(held_out / 255 - (held_out / 255).mean(axis=0)).mean() / 2
