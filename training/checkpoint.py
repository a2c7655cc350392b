"""Saves and loads a run's state at the end of an epoch."""

import io
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor

from training.config import Config, parse_config
from training.errors import CheckpointError, ConfigError
from training.files import write_whole

CHECKPOINT_FILE = "checkpoint.pt"
# What loading raises for a missing, damaged or foreign file.
UNREADABLE = (OSError, EOFError, RuntimeError, KeyError, TypeError, ConfigError, UnpicklingError)


@dataclass(frozen=True)
class Checkpoint:
    """What the next epoch depends on, and what publishing needs."""

    config: Config
    dataset_digest: str
    image_shape: tuple[int, int]
    history: list[dict[str, float]]  # one record per finished epoch
    model: dict[str, Tensor]
    optimizer: dict[str, Any]
    scheduler: dict[str, Any]
    generator: Tensor  # state of the run's random numbers


def save_checkpoint(checkpoint: Checkpoint, folder: Path) -> Path:
    """Write `folder`/checkpoint.pt atomically: an interruption leaves the previous one.

    Raises NotWritable.
    """
    path = folder / CHECKPOINT_FILE
    values = {name: getattr(checkpoint, name) for name in Checkpoint.__dataclass_fields__}
    buffer = io.BytesIO()  # torch.save does not report a full disk as such
    torch.save(values | {"config": checkpoint.config.model_dump_json()}, buffer)
    write_whole(path, buffer.getvalue())
    return path


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint from its file or its run's folder onto the CPU. Raises CheckpointError.

    Reads only tensors and plain values, never code.
    """
    file = path / CHECKPOINT_FILE if path.is_dir() else path
    try:
        values = torch.load(file, map_location="cpu", weights_only=True)
        return Checkpoint(**values | {"config": parse_config(values["config"])})
    except UNREADABLE as exc:
        reason = str(exc).partition("\n")[0]
        raise CheckpointError(f"{file}: expected a readable checkpoint, found: {reason}") from exc
