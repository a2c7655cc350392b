from pathlib import Path

import pytest

from tests.training.tiny import make_trainer, tiny_config


def test_one_cycle_rises_to_its_peak_and_ends_low(data_dir: Path, tmp_path: Path) -> None:
    trainer = make_trainer(tiny_config("ae", "training.epochs=10"), data_dir, tmp_path)

    trainer.fit()

    rates = [record["learning_rate"] for record in trainer.history]
    assert rates.index(max(rates)) == 3
    assert max(rates) == pytest.approx(trainer.config.training.learning_rate, rel=0.01)
    assert rates[-1] < rates[0] < max(rates)


def test_constant_rate_stays_the_same(data_dir: Path, tmp_path: Path) -> None:
    trainer = make_trainer(tiny_config("ae", 'training.schedule="constant"'), data_dir, tmp_path)

    trainer.fit()

    rates = {record["learning_rate"] for record in trainer.history}
    assert rates == {trainer.config.training.learning_rate}
