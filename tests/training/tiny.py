"""IDX files of small images, and configs that train in a second."""

import contextlib
import gzip
import resource
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from service.artifact.arrays import Levels
from training.checkpoint import Checkpoint
from training.config import Config, DataSection, load_config
from training.data.fashion_mnist import (
    HELD_OUT_IMAGES,
    HELD_OUT_LABELS,
    TRAINING_IMAGES,
    TRAINING_LABELS,
)
from training.data.images import Data
from training.data.loading import find_source, load_data
from training.export import publish
from training.models import build_model
from training.trainer import Trainer

TRAINING_COUNT = 240
VALIDATION_COUNT = 40
HELD_OUT_COUNT = 80


def write_data(folder: Path, side: int = 8) -> Path:
    """Write the four files: noise and a bright square whose place tells the class."""
    folder.mkdir(parents=True, exist_ok=True)
    names = (
        (TRAINING_IMAGES, TRAINING_LABELS, TRAINING_COUNT),
        (HELD_OUT_IMAGES, HELD_OUT_LABELS, HELD_OUT_COUNT),
    )
    for seed, (images_file, labels_file, count) in enumerate(names):
        pixels, labels = draw_squares(count, side, seed)
        write_idx(folder / images_file, 0x803, pixels)
        write_idx(folder / labels_file, 0x801, labels)
    return folder


def draw_squares(count: int, side: int, seed: int) -> tuple[Levels, Levels]:
    random = np.random.default_rng(seed)
    labels = random.integers(0, 10, count).astype(np.uint8)
    pixels = random.integers(0, 60, (count, side, side)).astype(np.uint8)
    for picture, label in zip(pixels, labels, strict=True):
        row, column = divmod(int(label), 4)
        picture[2 * row : 2 * row + 3, 2 * column : 2 * column + 2] += 180
    return pixels, labels


def write_idx(path: Path, magic: int, values: Levels) -> None:
    header = np.array([magic, *values.shape], dtype=">u4").tobytes()
    path.write_bytes(gzip.compress(header + values.tobytes()))


def tiny_settings() -> list[str]:
    return [
        "model.encoder_hidden=[24, 16]",
        "model.decoder_hidden=[16, 24]",
        "model.fourier_features=8",
        "training.epochs=2",
        "training.batch_size=32",
        f"data.validation_images={VALIDATION_COUNT}",
        "export.reference_images=50",
    ]


def tiny_config(kind: str, *overrides: str) -> Config:
    return load_config(kind, "default", [*tiny_settings(), *overrides])


def make_trainer(config: Config, data_dir: Path, run_folder: Path) -> Trainer:
    run_folder.mkdir(parents=True, exist_ok=True)
    data = load_data(find_source(data_dir), config.data, config.seed).training
    model = build_model(config, data.image_shape)
    return Trainer(model, config, data, torch.device("cpu"), run_folder)


def load(data_dir: Path, validation_images: int = VALIDATION_COUNT, seed: int = 0) -> Data:
    """The data there, split by the seed."""
    section = DataSection(validation_images=validation_images)
    return load_data(find_source(data_dir), section, seed)


@contextlib.contextmanager
def full_disk(limit: int) -> Iterator[None]:
    """Let every write beyond `limit` bytes of a file fail, as on a full disk.

    The kernel's limit on the size of files fails like one, and needs no root.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def published(checkpoint: Checkpoint, data_dir: Path, repository: Path) -> Path:
    """Publish the checkpoint and return the version's folder."""
    data = load_data(find_source(data_dir), checkpoint.config.data, checkpoint.config.seed)
    return publish(checkpoint, data.training, data.held_out, repository)
