from pathlib import Path

import pytest

from service.artifact.load import load_artifact
from tests import tiny
from tests.training.tiny import published, write_data
from training.checkpoint import Checkpoint
from training.errors import DataError
from training.republish import republish


@pytest.fixture
def version(vae_checkpoint: Checkpoint, data_dir: Path, tmp_path: Path) -> Path:
    """An artifact that a test may change."""
    return published(vae_checkpoint, data_dir, tmp_path / "repository")


def test_measures_equal_those_of_the_first_publishing(
    version: Path, data_dir: Path, tmp_path: Path
) -> None:
    expected = load_artifact(version).manifest.measures

    old = load_artifact(tiny.as_schema_1(version))
    folder = republish(old, version, data_dir, tmp_path / "other")

    found = load_artifact(folder).manifest.measures
    assert [m.name for m in found] == [m.name for m in expected]
    assert [m.value for m in found] == pytest.approx([m.value for m in expected], rel=1e-3)


def test_nothing_but_measures_and_libraries_changes(
    version: Path, data_dir: Path, tmp_path: Path
) -> None:
    tiny.as_schema_1(version)

    folder = republish(load_artifact(version), version, data_dir, tmp_path / "other")

    before, after = load_artifact(version).manifest, load_artifact(folder).manifest
    changed = {name for name, value in after if value != getattr(before, name)}
    assert changed == {"measures", "schema_version"}
    for name in after.files:
        assert (folder / name).read_bytes() == (version / name).read_bytes()


def test_other_data_are_refused(version: Path, tmp_path: Path) -> None:
    other = write_data(tmp_path / "pictures", side=9)

    with pytest.raises(DataError, match="expected the images that .* was trained on"):
        republish(load_artifact(version), version, other, tmp_path / "other")
    assert not (tmp_path / "other").exists()
