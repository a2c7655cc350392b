"""The service never serves a damaged artifact: one that loads gives exactly the original answers.

The tests adjust the manifest's hashes to the damage, so that it reaches the deeper checks.
"""

import hashlib
import io
import json
import os
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

from service.artifact import load
from service.artifact.errors import (
    ArtifactError,
    FileDamaged,
    FileMissing,
    GoldenMismatch,
    ManifestInvalid,
    ModelUnreadable,
    ReferenceUnreadable,
    SchemaUnsupported,
)
from service.artifact.load import load_artifact
from service.artifact.runtimes import torchscript
from tests import tiny

FILES = ("manifest.json", "model.pt", "reference.npz")
CUTS, FLIPS = 64, 64


@pytest.fixture
def version(tmp_path: Path) -> Path:
    """A newly published version that the test may damage."""
    return tiny.publish(tmp_path / "repository")


@pytest.fixture
def other_version(version: Path) -> Path:
    """The next version of the same model, with the same shapes and other weights."""
    model = tiny.TinyAutoencoder().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(1.5)
    return tiny.write(version.parent.parent, model)


def put(version: Path, name: str, content: bytes) -> None:
    """Replace a file and adjust the manifest to it."""
    (version / name).write_bytes(content)
    if name != "manifest.json":
        manifest = json.loads((version / "manifest.json").read_text())
        digest = hashlib.sha256(content).hexdigest()
        manifest["files"][name] = {"size": len(content), "sha256": digest}
        (version / "manifest.json").write_text(json.dumps(manifest))


def damages(content: bytes) -> Iterator[bytes]:
    """The content truncated at 64 places, and 64 copies with a few flipped bits."""
    for end in np.linspace(0, len(content) - 1, CUTS).astype(int):
        yield content[:end]
    generator = np.random.default_rng(5)
    for _ in range(FLIPS):
        damaged = bytearray(content)
        for _ in range(generator.integers(1, 4)):
            damaged[generator.integers(len(damaged))] ^= 1 << int(generator.integers(8))
        yield bytes(damaged)


def answers(version: Path) -> list[npt.NDArray[np.generic]]:
    """What the TorchScript model and the reference give."""
    artifact = load_artifact(version, "torchscript")
    images = tiny.to_images(tiny.random_levels(9))
    points = np.linspace(-4, 4, 18, dtype=np.float32).reshape(9, 2)
    return [
        *artifact.model.encode(images),
        artifact.model.decode(points),
        artifact.reference.coordinates,
        artifact.reference.thumbnails,
    ]


@pytest.mark.parametrize("name", FILES)
def test_damaged_file_is_refused_or_changes_nothing(version: Path, name: str) -> None:
    original, refusals = answers(version), list[str]()

    for content in damages((version / name).read_bytes()):
        put(version, name, content)
        try:
            found = answers(version)
        except ArtifactError as exc:
            refusals.append(str(exc))
        else:
            assert all(np.array_equal(one, two) for one, two in zip(original, found, strict=True))

    assert len(refusals) > (CUTS + FLIPS) * 0.7
    assert max(map(len, refusals)) < 1000


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("manifest.json", ArtifactError),
        ("model.pt", GoldenMismatch),
        ("reference.npz", ReferenceUnreadable),
    ],
)
def test_file_of_another_version_is_refused(
    version: Path, other_version: Path, name: str, error: type[ArtifactError]
) -> None:
    put(version, name, (other_version / name).read_bytes())

    with pytest.raises(error):
        load_artifact(version, "torchscript")


@pytest.mark.parametrize("name", ["encode.onnx", "decode.onnx"])
def test_onnx_of_another_version_is_refused(version: Path, other_version: Path, name: str) -> None:
    put(version, name, (other_version / name).read_bytes())

    with pytest.raises(GoldenMismatch, match=r"encode\.onnx"):
        load_artifact(version, "onnx")


def test_version_that_lies_in_anothers_folder_is_refused(
    version: Path, other_version: Path
) -> None:
    shutil.rmtree(version)
    other_version.rename(version)

    with pytest.raises(ManifestInvalid, match="is of vae/2, but lies in vae/1"):
        load_artifact(version)


def test_file_of_another_version_is_found_by_its_hash(version: Path, other_version: Path) -> None:
    shutil.copy(other_version / "reference.npz", version / "reference.npz")

    with pytest.raises(FileDamaged, match=r"reference\.npz"):
        load_artifact(version)


def npz(**arrays: npt.NDArray[np.generic]) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "dtype"),
    [("coordinates", "float64"), ("coordinates", ">f4"), ("labels", "int64"), ("thumbnails", "i1")],
)
def test_array_of_another_type_is_refused(version: Path, name: str, dtype: str) -> None:
    with np.load(version / "reference.npz") as found:
        arrays = {key: found[key] for key in found.files}

    put(version, "reference.npz", npz(**arrays | {name: arrays[name].astype(dtype)}))

    with pytest.raises(ReferenceUnreadable, match=f"expected {name}"):
        load_artifact(version)


@pytest.mark.parametrize("change", [np.nan, np.inf])
def test_coordinates_that_are_not_finite_are_refused(version: Path, change: float) -> None:
    with np.load(version / "reference.npz") as found:
        arrays = {key: found[key] for key in found.files}
    arrays["coordinates"][3, 1] = change

    put(version, "reference.npz", npz(**arrays))

    with pytest.raises(ReferenceUnreadable, match="finite"):
        load_artifact(version)


def test_label_without_a_class_is_refused(version: Path) -> None:
    with np.load(version / "reference.npz") as found:
        arrays = {key: found[key] for key in found.files}
    arrays["labels"][0] = 2

    put(version, "reference.npz", npz(**arrays))

    with pytest.raises(ReferenceUnreadable, match="labels below 2"):
        load_artifact(version)


def header(dtype: str, shape: tuple[int, ...]) -> bytes:
    """The header of an npy file that declares an array, without its data."""
    buffer = io.BytesIO()
    description = {"descr": dtype, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(buffer, description)
    return buffer.getvalue()


def archive(**records: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as written:
        for name, content in records.items():
            written.writestr(f"{name}.npy", content)
    return buffer.getvalue()


@pytest.mark.parametrize("count", [10**9, 2**62, 10**30])
def test_arrays_that_declare_what_they_do_not_hold_are_refused(version: Path, count: int) -> None:
    content = archive(
        coordinates=header("<f4", (count, 2)),
        labels=header("|u1", (count,)),
        thumbnails=header("|u1", (count, 28, 28)),
    )

    put(version, "reference.npz", content)

    with pytest.raises(ReferenceUnreadable):
        load_artifact(version)


@pytest.mark.parametrize(
    ("name", "error"), [("reference.npz", ReferenceUnreadable), ("model.pt", ModelUnreadable)]
)
def test_archive_that_unpacks_to_too_much_is_refused_unread(
    version: Path, name: str, error: type[ArtifactError], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torchscript, "MAX_MODEL_BYTES", 10**6)
    monkeypatch.setattr(load, "MAX_REFERENCE_BYTES", 10**6)

    put(version, name, archive(labels=bytes(10**6 + 1)))

    with pytest.raises(error, match="unpacked, more than 1000000"):
        load_artifact(version, "torchscript")


class DoublePrecision(tiny.TinyAutoencoder):
    """A model that gives right answers of the wrong type."""

    @torch.jit.export
    def decode(self, latents: Tensor) -> Tensor:
        pixels = torch.sigmoid(self.decoder(latents))
        return pixels.reshape(-1, 1, self.height, self.width).double()


def test_model_that_answers_in_another_type_is_refused(version: Path) -> None:
    put(version, "model.pt", tiny.torchscript(DoublePrecision().eval()))

    with pytest.raises(GoldenMismatch, match=r"expected golden pictures float32.*found float64"):
        load_artifact(version, "torchscript")


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("schema_version", "1" + "0" * 400),
        ("schema_version", "1e308"),
        ("version", "1" + "0" * 400),
        ("version", "-0"),
        ("latent_dim", "9" * 50),
        ("latent_dim", "2.0"),
        ("image.height", "1e308"),
        ("image.width", "-0"),
        ("support.distance", "1e308"),
        ("support.distance", "-0.0"),
        ("support.distance", "1e400"),
        ("training.seed", "1" + "0" * 400),
        ("training.config", '{"rate": NaN}'),
        ("training.config", '{"rate": [1e400]}'),
        ("training.config", f'{{"layers": {nested(100_000)}}}'),
        ("training.metrics", '{"loss": 1e308}'),
        ("dataset.training_images", "1" + "0" * 400),
        ("latent_statistics.mean", "[1e308, 0]"),
        ("grid_bounds.maximum", "[1e400, 4]"),
        ("grid_bounds.maximum", nested(500)),
        ("golden.images", "[]"),
        ("golden.points", "{}"),
        ("files", '{"model.pt": {"size": 1e308, "sha256": ""}}'),
        ("kind", '"' + "x" * 10**7 + '"'),
        ("name", '"' + "x" * 10**7 + '"'),
        ("x" * 10**7, "1"),
    ],
)
def test_hostile_value_in_the_manifest_is_refused_in_few_words(
    version: Path, key: str, value: str
) -> None:
    manifest = json.loads((version / "manifest.json").read_text())
    *parents, last = key.split(".")
    target = manifest
    for parent in parents:
        target = target[parent]
    target[last] = "HERE"
    text = json.dumps(manifest).replace('"HERE"', value)
    (version / "manifest.json").write_text(text)

    with pytest.raises((ManifestInvalid, SchemaUnsupported)) as caught:
        load_artifact(version)
    assert len(str(caught.value)) < 1000


def test_manifest_that_is_too_large_is_refused_unread(version: Path) -> None:
    with (version / "manifest.json").open("a") as file:
        file.truncate(load.MAX_MANIFEST_BYTES + 1)

    with pytest.raises(ManifestInvalid, match="at most 16777216 bytes"):
        load_artifact(version)


@pytest.mark.parametrize("name", FILES)
def test_pipe_in_place_of_a_file_is_refused_and_not_waited_for(version: Path, name: str) -> None:
    (version / name).unlink()
    os.mkfifo(version / name)

    with pytest.raises(FileMissing, match=name):
        load_artifact(version)


def test_text_of_any_length_in_the_manifest_changes_nothing(version: Path) -> None:
    original = answers(version)
    manifest: dict[str, Any] = json.loads((version / "manifest.json").read_text())
    manifest["dataset"]["name"] = "x" * 10**7

    (version / "manifest.json").write_text(json.dumps(manifest))

    assert np.array_equal(original[0], answers(version)[0])
