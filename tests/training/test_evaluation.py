import dataclasses
import json
import logging
from pathlib import Path

import pytest
import torch

from service.artifact.load import load_artifact
from tests.training.tiny import (
    load,
    published,
    write_data,
)
from training.checkpoint import Checkpoint
from training.data.loading import find_source
from training.evaluation import (
    evaluate_artifact,
    evaluate_network,
    evaluate_parts,
)
from training.losses import reconstruction_from_logits, training_terms
from training.models import Autoencoder, build_model
from training.network import as_images, encode_means


def trained(checkpoint: Checkpoint) -> Autoencoder:
    model = build_model(checkpoint.config, checkpoint.image_shape).eval()
    model.load_state_dict(checkpoint.model)
    return model


def test_terms_equal_those_of_training(checkpoint: Checkpoint, data_dir: Path) -> None:
    pixels = load(data_dir).held_out.pixels
    model, config = trained(checkpoint), checkpoint.config

    found = evaluate_network(model, pixels, config)

    generator = torch.Generator().manual_seed(config.seed)
    with torch.inference_mode():
        terms = training_terms(
            model, as_images(pixels[:]), generator, config.task_noise_std, code_penalty=0.0
        )
    expected = {name: term.item() for name, term in terms.items()}
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=0.01)


def test_undisturbed_reconstruction_decodes_the_mean(
    checkpoint: Checkpoint, data_dir: Path
) -> None:
    pixels = load(data_dir).held_out.pixels
    model = trained(checkpoint)

    found = evaluate_network(model, pixels, checkpoint.config)["undisturbed_reconstruction"]

    with torch.inference_mode():
        logits = model.logits(encode_means(model, pixels))
        expected = reconstruction_from_logits(logits, as_images(pixels[:]))
    assert found == pytest.approx(expected.item(), abs=0.01)


def test_batches_do_not_change_the_mean(
    vae_checkpoint: Checkpoint, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = load(data_dir).held_out.pixels
    model = trained(vae_checkpoint)
    whole = evaluate_network(model, pixels, vae_checkpoint.config)

    monkeypatch.setattr("training.network.BATCH_SIZE", 33)
    parts = evaluate_network(model, pixels, vae_checkpoint.config)

    assert parts["undisturbed_reconstruction"] == pytest.approx(whole["undisturbed_reconstruction"])


def test_each_part_is_evaluated_on_its_own_images(
    vae_checkpoint: Checkpoint, data_dir: Path
) -> None:
    data = load(data_dir, seed=vae_checkpoint.config.seed).training
    model, config = trained(vae_checkpoint), vae_checkpoint.config

    parts = evaluate_parts(model, config, data, load(data_dir).held_out)

    assert list(parts) == ["training", "validation", "held_out"]
    assert parts["validation"] == evaluate_network(model, data.validation.pixels, config)
    assert parts["held_out"] == evaluate_network(model, load(data_dir).held_out.pixels, config)


def test_evaluated_terms_equal_the_recorded_ones(
    checkpoint: Checkpoint, data_dir: Path, tmp_path: Path
) -> None:
    evaluation = evaluate_artifact(
        load_artifact(published(checkpoint, data_dir, tmp_path)), find_source(data_dir)
    )

    found = {
        f"{part}_{name}": value
        for part, terms in evaluation.nats_per_image.items()
        for name, value in terms.items()
    }
    assert found == pytest.approx(evaluation.recorded, abs=1e-3)


def test_table_shows_parts_side_by_side(
    vae_checkpoint: Checkpoint, data_dir: Path, tmp_path: Path
) -> None:
    evaluation = evaluate_artifact(
        load_artifact(published(vae_checkpoint, data_dir, tmp_path)), find_source(data_dir)
    )

    title, _, header, loss, *_ = evaluation.as_table().splitlines()

    assert title == "vae/1 (vae), nats per image"
    assert header.split() == ["training", "validation", "held-out"]
    assert float(loss.split()[-1]) == pytest.approx(
        evaluation.nats_per_image["held_out"]["loss"], abs=0.01
    )
    assert json.loads(evaluation.as_json())["nats_per_image"] == evaluation.nats_per_image


def test_other_data_warn_and_only_the_held_out_part_is_evaluated(
    vae_checkpoint: Checkpoint,
    own_data_dir: Path,
    data_dir: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    folder = published(vae_checkpoint, data_dir, tmp_path / "repository")
    file_names = ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz")
    for file_name in file_names:
        held_out_name = file_name.replace("train", "t10k")
        (own_data_dir / file_name).write_bytes((own_data_dir / held_out_name).read_bytes())

    evaluation = evaluate_artifact(load_artifact(folder), find_source(own_data_dir))

    assert list(evaluation.nats_per_image) == ["held_out"]
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_pictures_of_another_size_are_fitted_to_the_model(
    vae_checkpoint: Checkpoint, data_dir: Path, tmp_path: Path
) -> None:
    artifact = load_artifact(published(vae_checkpoint, data_dir, tmp_path / "repository"))
    larger = write_data(tmp_path / "larger", side=9)

    evaluation = evaluate_artifact(artifact, find_source(larger))

    assert evaluation.nats_per_image["held_out"]["loss"] > 0


def test_training_part_is_a_seeded_sample(
    vae_checkpoint: Checkpoint, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.evaluation.TRAINING_SAMPLE", 30)
    data = load(data_dir, seed=vae_checkpoint.config.seed).training
    none = dataclasses.replace(data, validation=load(data_dir).held_out)
    model, config = trained(vae_checkpoint), vae_checkpoint.config

    first, again = (evaluate_parts(model, config, none, none.validation) for _ in range(2))

    assert first == again
    assert first["training"] != evaluate_network(model, data.training.pixels, config)
