import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from service.artifact.load import load_artifact
from tests.training.tiny import (
    HELD_OUT_COUNT,
    TRAINING_COUNT,
    VALIDATION_COUNT,
    draw_squares,
    load,
    make_trainer,
    published,
    tiny_config,
    write_idx,
)
from training.checkpoint import Checkpoint, load_checkpoint
from training.config import parse_config
from training.data.fashion_mnist import (
    HELD_OUT_IMAGES,
    HELD_OUT_LABELS,
    TRAINING_IMAGES,
    TRAINING_LABELS,
)
from training.description import latent_statistics
from training.errors import NotPublishable
from training.export import publish

FILES = ((TRAINING_IMAGES, TRAINING_LABELS), (HELD_OUT_IMAGES, HELD_OUT_LABELS))


def test_published_artifact_loads_with_its_description(
    checkpoint: Checkpoint, data_dir: Path, tmp_path: Path
) -> None:
    folder = published(checkpoint, data_dir, tmp_path)

    manifest = load_artifact(folder).manifest
    dataset, training = manifest.dataset, manifest.training

    assert folder == tmp_path / checkpoint.config.kind / "1"
    assert manifest.kind == checkpoint.config.kind
    assert dataset.training_images == TRAINING_COUNT - VALIDATION_COUNT
    assert (dataset.validation_images, dataset.held_out_images) == (
        VALIDATION_COUNT,
        HELD_OUT_COUNT,
    )
    assert parse_config(json.dumps(training.config)) == checkpoint.config
    assert training.history == checkpoint.history
    assert {"training_loss", "validation_loss", "held_out_loss"} <= set(training.metrics)
    assert {"python", "torch", "numpy"} <= set(manifest.libraries)


def test_standardised_ae_has_training_codes_of_unit_covariance(
    data_dir: Path, tmp_path: Path
) -> None:
    make_trainer(tiny_config("ae"), data_dir, tmp_path / "run").fit()

    folder = published(load_checkpoint(tmp_path / "run"), data_dir, tmp_path / "repository")

    statistics = load_artifact(folder).manifest.latent_statistics
    assert statistics.mean == pytest.approx([0, 0], abs=1e-3)
    assert statistics.standard_deviation == pytest.approx([1, 1], abs=1e-3)


def test_support_is_the_99th_percentile_of_nearest_distances(
    vae_checkpoint: Checkpoint, data_dir: Path, tmp_path: Path
) -> None:
    artifact = load_artifact(published(vae_checkpoint, data_dir, tmp_path))
    points = artifact.reference.coordinates.astype(np.float64)

    distances = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(distances, np.inf)

    expected = np.percentile(distances.min(axis=1), 99)
    assert artifact.manifest.support.distance == pytest.approx(expected)


def write_repeated(folder: Path, different: int, copies: int) -> Path:
    """Data whose files each hold a few different pictures many times."""
    for images_file, labels_file in FILES:
        pixels, labels = draw_squares(different, 8, seed=0)
        write_idx(folder / images_file, 0x803, pixels.repeat(copies, axis=0))
        write_idx(folder / labels_file, 0x801, labels.repeat(copies))
    return folder


@pytest.mark.parametrize(
    ("kind", "different", "copies"), [("vae", 10, 1), ("ae", 10, 10), ("vae", 2, 150), ("ae", 2, 1)]
)
def test_few_different_pictures_are_publishable(
    kind: str, different: int, copies: int, tmp_path: Path
) -> None:
    data_dir = write_repeated(tmp_path, different, copies)
    config = tiny_config(kind, "data.validation_images=0", "training.epochs=20")
    make_trainer(config, data_dir, tmp_path / "run").fit()
    data = load(data_dir, validation_images=0)

    folder = publish(
        load_checkpoint(tmp_path / "run"), data.training, data.held_out, tmp_path / "repository"
    )

    assert load_artifact(folder).manifest.support.distance > 0


def test_percentiles_of_almost_equal_codes_are_their_ends() -> None:
    codes = torch.zeros(300, 2)
    codes[7] = 1.0

    statistics = latent_statistics(codes)

    assert statistics.percentile_1 == [0.0, 0.0]
    assert statistics.percentile_99 == [1.0, 1.0]


def test_collapsed_latents_are_not_publishable(
    vae_checkpoint: Checkpoint, data_dir: Path, tmp_path: Path
) -> None:
    zeros = {name: torch.zeros_like(value) for name, value in vae_checkpoint.model.items()}

    with pytest.raises(NotPublishable):
        published(dataclasses.replace(vae_checkpoint, model=zeros), data_dir, tmp_path)

    assert list(tmp_path.iterdir()) == []
