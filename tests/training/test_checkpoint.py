import os
from pathlib import Path

import pytest
import torch

from tests.training.tiny import full_disk
from training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from training.errors import CheckpointError, NotWritable


def test_checkpoint_comes_back_as_it_was(vae_checkpoint: Checkpoint, tmp_path: Path) -> None:
    path = save_checkpoint(vae_checkpoint, tmp_path)

    again = load_checkpoint(path)

    assert again.config == vae_checkpoint.config
    assert again.history == vae_checkpoint.history
    assert all(torch.equal(again.model[name], vae_checkpoint.model[name]) for name in again.model)


def test_interrupted_write_leaves_the_previous_checkpoint(
    vae_checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    path = save_checkpoint(vae_checkpoint, tmp_path)
    before = path.read_bytes()
    monkeypatch.setattr(os, "fsync", interrupt)

    with pytest.raises(KeyboardInterrupt):
        save_checkpoint(vae_checkpoint, tmp_path)

    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_full_disk_leaves_the_previous_checkpoint(
    vae_checkpoint: Checkpoint, tmp_path: Path
) -> None:
    path = save_checkpoint(vae_checkpoint, tmp_path)
    before = path.read_bytes()

    with full_disk(10_000), pytest.raises(NotWritable, match=r"checkpoint\.pt: cannot be written"):
        save_checkpoint(vae_checkpoint, tmp_path)

    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04 damaged"])
def test_unreadable_checkpoint_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(content)

    with pytest.raises(CheckpointError, match=r"checkpoint\.pt: expected a readable checkpoint"):
        load_checkpoint(path)


def test_missing_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"checkpoint\.pt"):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize("values", [{}, {"config": "{}"}, {"model": {}}, [1, 2]])
def test_file_of_other_values_is_refused(tmp_path: Path, values: object) -> None:
    torch.save(values, tmp_path / "checkpoint.pt")

    with pytest.raises(CheckpointError):
        load_checkpoint(tmp_path)
