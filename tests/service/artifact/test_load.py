import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from service.artifact import load, programs
from service.artifact.contract import Artifact, RuntimeName
from service.artifact.errors import (
    ArtifactError,
    FileDamaged,
    FileMissing,
    GoldenMismatch,
    ManifestInvalid,
    ModelUnreadable,
    ReferenceUnreadable,
    SchemaUnsupported,
    VersionExists,
)
from service.artifact.load import load_artifact
from service.artifact.versions import version_numbers
from tests import tiny

RUNTIMES: tuple[RuntimeName, ...] = ("onnx", "torchscript")


@pytest.fixture
def version(tmp_path: Path) -> Path:
    """A newly published version that the test may damage."""
    return tiny.publish(tmp_path)


def edit(version: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the manifest, as somebody with an editor could."""
    path = version / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def replace_file(version: Path, name: str, content: bytes) -> None:
    """Replace a file's content and adjust the manifest to it."""
    (version / name).write_bytes(content)
    record = load.record_file(version / name).model_dump()
    edit(version, lambda manifest: manifest["files"].update({name: record}))


def test_published_version_loads_whole(version: Path) -> None:
    artifact = load_artifact(version)

    assert (artifact.manifest.name, artifact.manifest.version) == ("vae", 1)
    assert set(artifact.manifest.files) == {
        "decode.onnx",
        "encode.onnx",
        "figures/note.txt",
        "model.pt",
        "reference.npz",
    }
    assert artifact.reference.coordinates.shape == (50, 2)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_loaded_model_answers_as_the_eager_one(version: Path, runtime: RuntimeName) -> None:
    model = tiny.TinyAutoencoder().eval()
    levels = tiny.random_levels(9)

    mean, deviation = load_artifact(version, runtime).model.encode(tiny.to_images(levels))

    expected = model.encode(tiny.to_tensor(levels))[0].detach().numpy()
    np.testing.assert_allclose(mean, expected, atol=1e-5)
    assert (deviation == np.full((9, 2), 0.5)).all()


@pytest.mark.parametrize(
    ("where", "why"),
    [
        ("without torch", "TorchScript needs torch, which is not installed here"),
        ("on a new Python", "TorchScript does not run on Python 3.0 or newer"),
    ],
)
def test_torchscript_that_cannot_run_here_says_why_and_what_to_do(
    version: Path, where: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if where == "without torch":
        monkeypatch.setitem(sys.modules, "service.artifact.runtimes.torchscript", None)
    else:
        monkeypatch.setattr(programs, "NO_TORCHSCRIPT", (3, 0))
    tiny.as_schema_2(version)

    with pytest.raises(ModelUnreadable) as caught:
        load_artifact(version)

    assert str(caught.value) == (
        f"{version / 'model.pt'}: {why}; ONNX Runtime runs here: "
        f"`python -m training republish {version}` adds ONNX to a version without it"
    )


def test_versions_count_up_and_are_never_overwritten(tmp_path: Path) -> None:
    folders = [tiny.publish(tmp_path) for _ in range(3)]

    assert [folder.name for folder in folders] == ["1", "2", "3"]
    assert version_numbers(tmp_path / "vae") == [1, 2, 3]


def test_version_published_meanwhile_is_left_alone(tmp_path: Path) -> None:
    def examine(_: Artifact) -> None:
        (tmp_path / "vae" / "1").mkdir(exist_ok=True)  # another process published first

    model = tiny.TinyAutoencoder().eval()

    with pytest.raises(VersionExists, match="vae/1"):
        tiny.write(tmp_path, model, examine=examine)
    assert list((tmp_path / "vae" / "1").iterdir()) == []


def test_refused_version_leaves_nothing_behind(tmp_path: Path) -> None:
    def examine(_: Artifact) -> None:
        raise RuntimeError("not good enough")

    model = tiny.TinyAutoencoder().eval()

    with pytest.raises(RuntimeError, match="not good enough"):
        tiny.write(tmp_path, model, examine=examine)
    assert list(tmp_path.iterdir()) == []


def test_version_that_contradicts_its_golden_vectors_is_not_published(tmp_path: Path) -> None:
    model, other = tiny.TinyAutoencoder().eval(), tiny.TinyAutoencoder(deviation=0.25).eval()

    with pytest.raises(GoldenMismatch, match="golden deviations"):
        tiny.write(tmp_path, model, programs=tiny.both_programs(other))


def test_version_exported_in_training_mode_is_served_in_eval_mode(tmp_path: Path) -> None:
    model = tiny.TinyAutoencoder().eval()
    expected = model.decode(torch.ones(1, 2)).detach().numpy()

    folder = tiny.write(
        tmp_path, model, programs=tiny.both_programs(tiny.TinyAutoencoder().train())
    )

    for runtime in RUNTIMES:
        decoded = load_artifact(folder, runtime).model.decode(np.ones((1, 2), np.float32))
        np.testing.assert_allclose(decoded, expected, atol=1e-6)


@pytest.mark.parametrize("name", ["manifest.json", "encode.onnx", "model.pt", "reference.npz"])
def test_missing_file_is_named(version: Path, name: str) -> None:
    (version / name).unlink()

    with pytest.raises(FileMissing, match=name):
        load_artifact(version)


@pytest.mark.parametrize("name", ["decode.onnx", "model.pt", "reference.npz", "figures/note.txt"])
def test_flipped_bit_is_found(version: Path, name: str) -> None:
    content = bytearray((version / name).read_bytes())
    content[len(content) // 2] ^= 1
    (version / name).write_bytes(content)

    with pytest.raises(FileDamaged, match=f"{name}: expected SHA-256"):
        load_artifact(version)


def test_cut_file_is_found_by_its_size(version: Path) -> None:
    content = (version / "model.pt").read_bytes()
    (version / "model.pt").write_bytes(content[:-10])

    with pytest.raises(FileDamaged, match=rf"expected {len(content)} bytes, found"):
        load_artifact(version)


@pytest.mark.parametrize("content", [b"", b"a text", b"\x80\x04N."])
def test_model_that_is_not_torchscript_is_refused(version: Path, content: bytes) -> None:
    replace_file(version, "model.pt", content)

    with pytest.raises(ModelUnreadable, match=r"model\.pt"):
        load_artifact(version, "torchscript")


@pytest.mark.parametrize("name", ["encode.onnx", "decode.onnx"])
@pytest.mark.parametrize("content", [b"", b"a text", b"\x80\x04N."])
def test_program_that_is_not_onnx_is_refused(version: Path, name: str, content: bytes) -> None:
    replace_file(version, name, content)

    with pytest.raises(ModelUnreadable, match=name):
        load_artifact(version, "onnx")


class OneWay(torch.nn.Module):
    """TorchScript without both methods."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images


def test_model_without_the_methods_is_refused(version: Path) -> None:
    replace_file(version, "model.pt", tiny.torchscript(OneWay()))

    with pytest.raises(ModelUnreadable, match="`encode`"):
        load_artifact(version, "torchscript")


class LogVariance(tiny.TinyAutoencoder):
    """Gives the log variance in place of the deviation: negative for all but bright pictures."""

    @torch.jit.export
    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        mean = self.encoder(images.flatten(1))
        is_dark = (images.flatten(1).mean(dim=1, keepdim=True) < self.deviation).float()
        return mean, torch.ones_like(mean) - 3 * is_dark


def test_model_that_gives_the_log_variance_is_not_published() -> None:
    model = LogVariance(deviation=1.0).eval()

    with pytest.raises(ValidationError, match="standard_deviation"):
        tiny.describe(model)


def test_negative_deviation_beyond_the_golden_vectors_is_not_published(tmp_path: Path) -> None:
    levels = tiny.random_levels(50)
    golden_images = levels[:2].mean(axis=(1, 2))
    model = LogVariance(deviation=float(golden_images.min()) / 255 - 1e-4).eval()

    with pytest.raises(
        ModelUnreadable, match=r"model\.pt: expected standard deviations of at least 0"
    ):
        tiny.write(tmp_path, model, programs={"model.pt": tiny.torchscript(model)})
    assert list(tmp_path.iterdir()) == []


def test_model_of_another_image_size_is_refused(version: Path, tmp_path: Path) -> None:
    other = tiny.publish(tmp_path / "other", height=6, width=5)
    for name in ("encode.onnx", "model.pt"):
        replace_file(version, name, (other / name).read_bytes())

    for runtime in RUNTIMES:
        with pytest.raises(ModelUnreadable, match="cannot be called"):
            load_artifact(version, runtime)


def test_reference_of_another_model_is_refused(version: Path, tmp_path: Path) -> None:
    other = tiny.publish(tmp_path / "other", height=6, width=5)
    replace_file(version, "reference.npz", (other / "reference.npz").read_bytes())

    with pytest.raises(ReferenceUnreadable, match=r"expected thumbnails uint8\(50, 28, 28\)"):
        load_artifact(version)


def test_reference_with_pickled_objects_is_refused(version: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "objects.npz", coordinates=np.array([{}], dtype=object))
    replace_file(version, "reference.npz", (tmp_path / "objects.npz").read_bytes())

    with pytest.raises(ReferenceUnreadable, match=r"reference\.npz"):
        load_artifact(version)


def test_newer_schema_is_named_as_such(version: Path) -> None:
    edit(version, lambda manifest: manifest.update(schema_version=4, novelty=True))

    with pytest.raises(SchemaUnsupported, match="expected schema version 1 or 2 or 3, found 4"):
        load_artifact(version)


def test_schema_of_before_there_were_measures_still_loads(version: Path) -> None:
    manifest = load_artifact(tiny.as_schema_1(version)).manifest

    assert (manifest.schema_version, manifest.measures) == (1, [])


def test_schema_of_before_there_was_onnx_still_loads(version: Path) -> None:
    manifest = load_artifact(tiny.as_schema_2(version)).manifest

    assert manifest.latent.shape == [2]
    assert manifest.latent.has_standard_deviation
    assert manifest.network_outputs.encoder == "mean_and_standard_deviation"
    assert manifest.programs.torchscript is not None
    assert manifest.programs.onnx is None


@pytest.mark.parametrize("name", ["latent", "network_outputs", "programs"])
def test_field_of_a_later_schema_is_refused(version: Path, name: str) -> None:
    fields = json.loads((version / "manifest.json").read_text())

    edit(tiny.as_schema_2(version), lambda manifest: manifest.update({name: fields[name]}))

    with pytest.raises(ManifestInvalid, match=f"{name}: expected in schema version 3"):
        load_artifact(version)


def first_measure(manifest: dict[str, Any]) -> dict[str, Any]:
    measure: dict[str, Any] = manifest["measures"][0]
    return measure


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda m: m.update(schema_version=1), "measures: expected in schema version 2"),
        (lambda m: m.pop("measures"), "measures: Field required"),
        (lambda m: first_measure(m).update(value=float("inf")), "measures.0.value"),
        (lambda m: first_measure(m).update(value=True), "measures.0.value"),
        (lambda m: first_measure(m).update(better="more"), "measures.0.better"),
        (lambda m: first_measure(m).update(sentence="x" * 401), "measures.0.sentence"),
        (lambda m: first_measure(m).update(unit=""), "measures.0.unit"),
        (lambda m: first_measure(m).update(name="K NN"), "measures.0.name"),
        (lambda m: first_measure(m).update(colour="red"), "measures.0.colour"),
        (lambda m: m.update(measures=[first_measure(m)] * 2), "each name must be unique"),
        (lambda m: m.update(measures=[first_measure(m)] * 65), "measures: List should have"),
    ],
)
def test_wrong_measure_is_refused_with_the_place(
    version: Path, change: Callable[[dict[str, Any]], None], named: str
) -> None:
    edit(version, change)

    with pytest.raises(ManifestInvalid, match=named):
        load_artifact(version)


def figures(count: int, size: int) -> dict[str, Any]:
    """Records of files that are not there: their sizes alone are looked at."""
    return {f"figures/{n}.png": {"size": size, "sha256": "0" * 64} for n in range(count)}


def forget_model(manifest: dict[str, Any]) -> None:
    del manifest["files"]["model.pt"]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda m: m.update(surprise=1), "surprise"),
        (lambda m: m.pop("kind"), "kind"),
        (lambda m: m.update(kind="gan"), "kind"),
        (lambda m: m.update(latent_dim=3), "latent_dim is 3"),
        (lambda m: m.update(latent_dim=True), "latent_dim"),
        (lambda m: m["grid_bounds"].update(minimum=[4.0, -4.0]), "grid_bounds"),
        (lambda m: m["grid_bounds"].update(minimum=[float("nan"), -4.0]), "grid_bounds.minimum.0"),
        (lambda m: m["latent_statistics"].update(mean=[0.0]), "latent_statistics.mean"),
        (
            lambda m: m["latent_statistics"].update(standard_deviation=[1.0, -1.0]),
            "latent_statistics.standard_deviation.1",
        ),
        (
            lambda m: m["golden"]["images"][0].update(standard_deviation=[-1.0, 0.0]),
            "golden.images.0.standard_deviation.0",
        ),
        (lambda m: m["support"].update(distance=0), "support.distance"),
        (lambda m: m["files"].update(figures(257, size=1)), "files: .* at most 256 items"),
        (
            lambda m: m["files"].update(figures(2, size=2**25 + 1)),
            "expected at most 67108864 bytes for the other files together, found",
        ),
        (
            lambda m: m["files"]["model.pt"].update(size=2**30 + 1),
            "expected at most 1073741824 bytes for model.pt",
        ),
        (
            lambda m: m["files"]["reference.npz"].update(size=2**28 + 1),
            "expected at most 268435456 bytes for reference.npz",
        ),
        (lambda m: m["image"].update(height=10**9), "image.height"),
        (lambda m: m["image"].update(height=27), "golden picture"),
        (lambda m: m["golden"]["points"].clear(), "golden.points"),
        (lambda m: m["files"].update({"../model.pt": {"size": 0, "sha256": "0" * 64}}), "files"),
        (forget_model, "does not list model.pt"),
        (lambda m: m["files"].pop("decode.onnx"), "does not list decode.onnx"),
        (lambda m: m.update(programs={}), "programs: .* at least one program"),
        (lambda m: m["latent"].update(shape=[3]), "latent.shape holds 3 values"),
        (lambda m: m["network_outputs"].update(decoder="levels"), "network_outputs.decoder"),
        (lambda m: m.update(name="ae"), "lies in vae/1"),
        (lambda m: m.update(version=7), "lies in vae/1"),
    ],
)
def test_wrong_manifest_is_refused_with_the_place(
    version: Path, change: Callable[[dict[str, Any]], None], named: str
) -> None:
    edit(version, change)

    with pytest.raises(ManifestInvalid, match=named):
        load_artifact(version)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"null"])
def test_manifest_that_is_not_json_is_refused(version: Path, content: bytes) -> None:
    (version / "manifest.json").write_bytes(content)

    with pytest.raises(ManifestInvalid, match=r"manifest\.json"):
        load_artifact(version)


def test_golden_vectors_are_compared(version: Path) -> None:
    def nudge(manifest: dict[str, Any]) -> None:
        manifest["golden"]["images"][0]["mean"][0] += 0.001

    edit(version, nudge)

    with pytest.raises(GoldenMismatch, match="golden means within 0.0001, found 0.001 off"):
        load_artifact(version)


def test_everything_that_loading_raises_is_an_artifact_error(version: Path, tmp_path: Path) -> None:
    generator = np.random.default_rng(3)
    for _ in range(40):
        damaged = tmp_path / "damaged" / "vae" / "1"
        shutil.copytree(version, damaged)
        path = damaged / "manifest.json"
        content = bytearray(path.read_bytes())
        content[generator.integers(len(content))] ^= 1 << int(generator.integers(8))
        path.write_bytes(content)
        try:
            load_artifact(damaged)
        except ArtifactError:
            pass
        finally:
            shutil.rmtree(tmp_path / "damaged")
