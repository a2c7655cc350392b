from pathlib import Path

import pytest

from service.artifact.load import load_artifact
from tests import tiny
from tests.training.tiny import published, write_data
from training.checkpoint import Checkpoint
from training.data.loading import find_source
from training.errors import DataError
from training.republish import measure_again, republish_with_onnx


@pytest.fixture
def version(vae_checkpoint: Checkpoint, data_dir: Path, tmp_path: Path) -> Path:
    """An artifact that a test may change."""
    return published(vae_checkpoint, data_dir, tmp_path / "repository")


def test_measures_equal_those_of_the_first_publishing(
    version: Path, data_dir: Path, tmp_path: Path
) -> None:
    expected = load_artifact(version).manifest.measures

    old = load_artifact(tiny.as_schema_1(version))
    folder = measure_again(old, version, find_source(data_dir), tmp_path / "other")

    found = load_artifact(folder).manifest.measures
    assert [m.name for m in found] == [m.name for m in expected]
    assert [m.value for m in found] == pytest.approx([m.value for m in expected], rel=1e-3)


def test_nothing_but_measures_and_libraries_changes(
    version: Path, data_dir: Path, tmp_path: Path
) -> None:
    tiny.as_schema_1(version)

    folder = measure_again(
        load_artifact(version), version, find_source(data_dir), tmp_path / "other"
    )

    before, after = load_artifact(version).manifest, load_artifact(folder).manifest
    changed = {name for name, value in after if value != getattr(before, name)}
    assert changed == {"files", "measures", "programs", "schema_version"}
    assert after.files.keys() - before.files.keys() == {"encode.onnx", "decode.onnx"}
    for name in before.files:
        assert (folder / name).read_bytes() == (version / name).read_bytes()


def test_other_data_are_refused(version: Path, tmp_path: Path) -> None:
    other = write_data(tmp_path / "pictures", side=9)

    with pytest.raises(DataError, match="expected the images that .* was trained on"):
        measure_again(load_artifact(version), version, find_source(other), tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_older_version_gets_onnx_and_keeps_all_else(version: Path, tmp_path: Path) -> None:
    tiny.as_schema_2(version)

    folder = republish_with_onnx(load_artifact(version), version, tmp_path / "other")

    before, after = load_artifact(version), load_artifact(folder)
    changed = {name for name, value in after.manifest if value != getattr(before.manifest, name)}
    assert changed == {"files", "programs", "schema_version"}
    assert (before.runtime, after.runtime) == ("torchscript", "onnx")
    assert all(
        (folder / n).read_bytes() == (version / n).read_bytes()
        for n in before.manifest.files
        if n != "reference.npz"
    )


def test_version_with_onnx_is_copied_byte_for_byte(version: Path, tmp_path: Path) -> None:
    folder = republish_with_onnx(load_artifact(version), version, tmp_path / "other")

    assert load_artifact(folder).manifest.files == load_artifact(version).manifest.files
