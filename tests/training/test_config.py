import pytest

from training.config import load_config, parse_config
from training.errors import ConfigError

PRESETS = [(kind, preset) for kind in ("ae", "dae", "vae") for preset in ("lab", "default")]


@pytest.mark.parametrize(("kind", "preset"), PRESETS)
def test_every_preset_loads_and_survives_json(kind: str, preset: str) -> None:
    config = load_config(kind, preset)

    assert (config.kind, config.preset) == (kind, preset)
    assert parse_config(config.model_dump_json()) == config


@pytest.mark.parametrize("kind", ["ae", "dae", "vae"])
def test_lab_trains_as_the_course_does(kind: str) -> None:
    training = load_config(kind, "lab").training

    assert (training.optimizer, training.learning_rate) == ("adam", 1e-3)
    assert (training.schedule, training.batch_size, training.epochs) == ("constant", 256, 10)
    assert (training.clip_norm, training.weight_decay) == (0.0, 0.0)
    assert training.noise_std == (1.0 if kind == "dae" else 0.0)


@pytest.mark.parametrize("kind", ["ae", "dae", "vae"])
def test_lab_neither_bounds_nor_standardises(kind: str) -> None:
    config = load_config(kind, "lab")

    assert config.model.log_variance_bounds == ()
    assert not config.export.standardise
    assert config.name == f"{kind}-lab"


def test_later_override_wins_and_leaves_the_rest() -> None:
    config = load_config("vae", "default", ["training.epochs=3", "training.epochs=4"])

    assert config.training.epochs == 4
    assert config.training.learning_rate == load_config("vae", "default").training.learning_rate


@pytest.mark.parametrize(
    ("override", "place"),
    [
        ("training.epoch=3", "training.epoch"),
        ("speed=3", "speed"),
        ('training.epochs="3"', "training.epochs"),
        ("training.epochs=true", "training.epochs"),
        ("training.epochs=0", "training.epochs"),
        ("training.learning_rate=nan", "training.learning_rate"),
        ("training.learning_rate=1979-05-27", "training.learning_rate"),
        ("model.log_variance_bounds=[1.0]", "model.log_variance_bounds"),
        ("name='../up'", "name"),
        ("training=3", "training"),
        ("training.epochs", "training.epochs"),
    ],
)
def test_wrong_override_is_named(override: str, place: str) -> None:
    with pytest.raises(ConfigError, match=place):
        load_config("vae", "default", [override])


@pytest.mark.parametrize(
    ("kind", "override"),
    [
        ("vae", "export.standardise=true"),
        ("dae", "training.noise_std=0.0"),
        ("vae", "training.code_penalty=0.1"),
        ("ae", "model.log_variance_bounds=[-1.0, 1.0]"),
        ("vae", "model.log_variance_bounds=[1.0, -1.0]"),
        ("vae", 'kind="ae"'),
    ],
)
def test_setting_that_does_not_fit_the_kind_is_refused(kind: str, override: str) -> None:
    with pytest.raises(ConfigError):
        load_config(kind, "default", [override])


def test_unknown_preset_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="'best'.*default, lab"):
        load_config("vae", "best")


def test_noise_is_the_task_of_a_dae_and_a_regulariser_of_the_others() -> None:
    noisy = [load_config(kind, "lab", ["training.noise_std=0.5"]) for kind in ("dae", "ae", "vae")]

    assert [config.task_noise_std for config in noisy] == [0.5, 0.0, 0.0]
