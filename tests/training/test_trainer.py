import itertools
import json
import logging
from pathlib import Path

import pytest
import torch

from tests.training.tiny import (
    HELD_OUT_COUNT,
    draw_squares,
    make_trainer,
    tiny_config,
    write_idx,
)
from training.checkpoint import load_checkpoint
from training.data.fashion_mnist import HELD_OUT_IMAGES
from training.errors import CheckpointError, LossNotFinite
from training.trainer import Trainer


def same_weights(first: Trainer, second: Trainer) -> bool:
    weights, others = first.model.state_dict(), second.model.state_dict()
    return all(torch.equal(weights[name], others[name]) for name in weights)


@pytest.mark.parametrize("kind", ["ae", "dae", "vae"])
def test_same_seed_and_config_give_the_same_weights(
    kind: str, data_dir: Path, tmp_path: Path
) -> None:
    runs = [make_trainer(tiny_config(kind), data_dir, tmp_path / name) for name in "ab"]

    runs[0].fit()
    torch.rand(1)  # the global generator must not matter
    runs[1].fit()

    assert same_weights(*runs)


def test_another_seed_gives_other_weights(data_dir: Path, tmp_path: Path) -> None:
    first = make_trainer(tiny_config("vae"), data_dir, tmp_path / "a")
    second = make_trainer(tiny_config("vae", "seed=1"), data_dir, tmp_path / "b")

    first.fit()
    second.fit()

    assert not same_weights(first, second)


@pytest.mark.parametrize("kind", ["ae", "dae", "vae"])
@pytest.mark.parametrize("schedule", ["constant", "one-cycle"])
def test_run_interrupted_within_an_epoch_resumes_to_equal_weights(
    kind: str, schedule: str, data_dir: Path, tmp_path: Path
) -> None:
    config = tiny_config(kind, "training.epochs=3", f'training.schedule="{schedule}"')
    unbroken = make_trainer(config, data_dir, tmp_path / "unbroken")
    unbroken.fit()
    broken = make_trainer(config, data_dir, tmp_path / "broken")
    interrupt_at_step(broken, 10)  # an epoch has 7
    with pytest.raises(KeyboardInterrupt):
        broken.fit()

    resumed = make_trainer(config, data_dir, tmp_path / "broken")
    resumed.restore(load_checkpoint(tmp_path / "broken"))
    assert len(resumed.history) == 1
    resumed.fit()

    assert same_weights(unbroken, resumed)
    assert without_seconds(resumed) == without_seconds(unbroken)


def interrupt_at_step(trainer: Trainer, step: int) -> None:
    steps = itertools.count(1)

    def interrupt(*_: object) -> None:
        if next(steps) == step:
            raise KeyboardInterrupt

    trainer.optimizer.register_step_pre_hook(interrupt)


def without_seconds(trainer: Trainer) -> list[dict[str, float]]:
    return [
        {name: value for name, value in record.items() if name != "seconds"}
        for record in trainer.history
    ]


def test_history_holds_the_terms_of_both_parts(data_dir: Path, tmp_path: Path) -> None:
    trainer = make_trainer(tiny_config("vae"), data_dir, tmp_path)

    trainer.fit()

    terms = {
        f"{p}_{t}" for p in ("training", "validation") for t in ("loss", "reconstruction", "kl")
    }
    assert set(trainer.history[0]) == {"epoch", "learning_rate", "seconds", *terms}
    assert [record["epoch"] for record in trainer.history] == [1, 2]
    assert json.loads((tmp_path / "history.json").read_text()) == trainer.history


@pytest.mark.parametrize("kind", ["ae", "dae", "vae"])
def test_training_lowers_both_losses(kind: str, data_dir: Path, tmp_path: Path) -> None:
    trainer = make_trainer(tiny_config(kind, "training.epochs=10"), data_dir, tmp_path)

    trainer.fit()

    first, last = trainer.history[0], trainer.history[-1]
    assert last["training_loss"] < first["training_loss"]
    assert last["validation_loss"] < first["validation_loss"]


def test_validation_does_not_change_training(data_dir: Path, tmp_path: Path) -> None:
    config = tiny_config("vae")
    watched = make_trainer(config, data_dir, tmp_path / "a")
    blind = make_trainer(config, data_dir, tmp_path / "b")
    blind.validation_images = blind.validation_images[:0]

    watched.fit()
    blind.fit()

    assert same_weights(watched, blind)
    assert "validation_loss" not in blind.history[0]


def test_loss_that_is_not_finite_names_epoch_step_and_config(
    data_dir: Path, tmp_path: Path
) -> None:
    trainer = make_trainer(tiny_config("vae"), data_dir, tmp_path)
    with torch.no_grad():
        next(trainer.model.parameters()).fill_(torch.nan)

    with pytest.raises(LossNotFinite, match=r"epoch 1, step 1 of 7.*nan.*\"kind\":\"vae\""):
        trainer.fit()

    assert list(tmp_path.iterdir()) == []


def test_gradients_are_clipped_to_the_norm(data_dir: Path, tmp_path: Path) -> None:
    trainer = make_trainer(tiny_config("vae", "training.clip_norm=0.5"), data_dir, tmp_path)

    trainer.fit()

    gradients = [weight.grad for weight in trainer.model.parameters()]
    norm = torch.nn.utils.get_total_norm([part for part in gradients if part is not None])
    assert norm <= 0.5 + 1e-5


def test_every_training_image_is_seen_once_an_epoch(data_dir: Path, tmp_path: Path) -> None:
    config = tiny_config("ae", "training.epochs=1", "training.noise_std=0.0")
    trainer = make_trainer(config, data_dir, tmp_path)
    trainer.validation_images = trainer.validation_images[:0]
    seen: list[torch.Tensor] = []
    trainer.model.encoder.register_forward_pre_hook(lambda _, inputs: seen.extend(inputs))

    trainer.fit()

    pixels = (torch.cat(seen) * 255).round().to(torch.uint8).numpy()
    assert sorted(map(bytes, pixels)) == sorted(map(bytes, trainer.data.training.pixels[:]))


def test_held_out_images_do_not_change_training(
    data_dir: Path, own_data_dir: Path, tmp_path: Path
) -> None:
    pixels, _ = draw_squares(HELD_OUT_COUNT, 8, seed=99)
    write_idx(own_data_dir / HELD_OUT_IMAGES, 0x803, pixels)
    runs = [
        make_trainer(tiny_config("vae"), folder, tmp_path / folder.name)
        for folder in (data_dir, own_data_dir)
    ]

    for trainer in runs:
        trainer.fit()

    assert runs[0].data.digest != runs[1].data.digest
    assert same_weights(*runs)


def test_each_epoch_is_one_log_line(
    data_dir: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="training.progress")

    make_trainer(tiny_config("vae"), data_dir, tmp_path).fit()

    assert len(caplog.messages) == 2
    assert caplog.messages[0].startswith("epoch 1/2: training loss ")
    assert "validation kl" in caplog.messages[0]


def test_checkpoint_of_another_config_is_refused(data_dir: Path, tmp_path: Path) -> None:
    make_trainer(tiny_config("vae"), data_dir, tmp_path).fit()
    other = make_trainer(tiny_config("vae", "seed=1"), data_dir, tmp_path)

    with pytest.raises(CheckpointError, match="another config"):
        other.restore(load_checkpoint(tmp_path))
