import contextlib
import itertools
import json
import logging
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from torch.optim.optimizer import register_optimizer_step_pre_hook
from typer.testing import CliRunner, Result

from service.artifact.load import load_artifact
from tests import tiny
from tests.training.data.files import grey, write_pictures
from tests.training.tiny import full_disk, tiny_settings
from training.command_line import app
from training.data import fashion_mnist


@pytest.fixture
def places(data_dir: Path, tmp_path: Path) -> list[str]:
    """Options that keep a command within the test's own folder."""
    return ["--data-dir", str(data_dir), "--repository", str(tmp_path / "repository")]


def run(*words: str) -> Result:
    return CliRunner().invoke(app, words)


def fit(kind: str, places: list[str], *words: str) -> Result:
    runs_dir = str(Path(places[-1]).parent / "runs")
    settings = [word for setting in tiny_settings() for word in ("--set", setting)]
    return run("fit", kind, *places, "--runs-dir", runs_dir, *settings, *words)


def test_fit_evaluate_and_export_work_end_to_end(places: list[str], tmp_path: Path) -> None:
    fitted = fit("vae", places, "--epochs", "1")
    folder = Path(fitted.stdout.strip())
    evaluated = run("evaluate", str(folder), *places[:2], "--json")
    (run_folder,) = (tmp_path / "runs").iterdir()
    exported = run("export", str(run_folder), *places, "--name", "again")

    assert [fitted.exit_code, evaluated.exit_code, exported.exit_code] == [0, 0, 0]
    assert folder == tmp_path / "repository" / "vae" / "1"
    assert json.loads(evaluated.stdout)["nats_per_image"]["held_out"]["loss"] > 0
    assert load_artifact(tmp_path / "repository/again/1").manifest.kind == "vae"
    assert {path.name for path in run_folder.iterdir()} == {
        "config.json",
        "checkpoint.pt",
        "history.json",
    }


def test_fit_says_what_it_does_and_what_to_do_next(
    places: list[str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    fit("vae", places, "--epochs", "1", "--device", "cpu")

    said = "\n".join(caplog.messages)
    order = [
        "200 training, 40 validation and 80 held-out pictures of 8 x 8",
        "model: vae, preset default, ",
        "weights, on cpu",
        "run: 1 epoch of 7 steps, 0 done; a checkpoint after each epoch in ",
        "epoch 1/1: ",
        "evaluating",
        "measuring",
        "drawing",
        "writing",
        f"ATLAS_MODEL_REPOSITORY={tmp_path / 'repository'} python -m service",
    ]
    assert [said.find(part) for part in order] == sorted(said.find(part) for part in order)
    assert all(part in said for part in order)


def test_measure_publishes_an_artifact_again_with_measures(places: list[str]) -> None:
    folder = Path(fit("vae", places, "--epochs", "1").stdout.strip())
    expected = load_artifact(folder).manifest.measures
    tiny.as_schema_1(folder)

    result = run("measure", str(folder), *places)

    assert result.exit_code == 0
    assert result.stdout.strip() == str(folder.parent / "2")
    assert [m.name for m in load_artifact(folder.parent / "2").manifest.measures] == [
        m.name for m in expected
    ]


def test_compare_prints_a_table_and_writes_a_report(tmp_path: Path) -> None:
    folders = [str(tiny.publish(tmp_path, name)) for name in ("ae", "vae")]
    words = ("compare", *folders, "--output", str(tmp_path / "report.html"))

    as_table, as_json = run(*words), run(*words, "--json")

    assert as_table.exit_code == as_json.exit_code == 0
    assert "kl (nats per image)" in as_table.stdout
    assert [model["kind"] for model in json.loads(as_json.stdout)["models"]] == ["ae", "vae"]
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")


def test_compare_of_one_artifact_exits_1(tmp_path: Path) -> None:
    result = run("compare", str(tiny.publish(tmp_path)), "--output", str(tmp_path / "report.html"))

    assert result.exit_code == 1
    assert "expected two or more artifacts" in result.stderr
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize("kind", ["ae", "dae"])
def test_other_kinds_fit_and_evaluate(kind: str, places: list[str]) -> None:
    fitted = fit(kind, places, "--preset", "lab", "--set", "training.batch_size=64")
    evaluated = run("evaluate", fitted.stdout.strip(), *places[:2])

    assert fitted.exit_code == evaluated.exit_code == 0
    assert evaluated.stdout.startswith(f"{kind}-lab/1 ({kind}), nats per image")


def test_options_win_over_settings(places: list[str]) -> None:
    words = ("--epochs", "1", "--batch-size", "50", "--learning-rate", "0.01", "--seed", "9")

    folder = Path(fit("ae", places, *words, "--name", "mine").stdout.strip())

    manifest = load_artifact(folder).manifest
    training = manifest.training.config["training"]
    assert isinstance(training, dict)
    assert (training["epochs"], training["batch_size"]) == (1, 50)
    assert training["learning_rate"] == 0.01
    assert (manifest.training.seed, manifest.name) == (9, "mine")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--set", "training.epoch=3"), "training.epoch"),
        (("--set", "training.epochs"), "training.epochs"),
        (("--epochs", "0"), "training.epochs"),
        (("--name", "No/Name"), "No/Name"),
        (("--device", "abacus"), "abacus"),
        (("--set", "data.validation_images=5000"), "data.validation_images"),
        (("--preset", "best"), "best"),
        (("--nonsense",), "--nonsense"),
    ],
)
def test_wrong_usage_exits_2_and_names_it(
    words: tuple[str, ...], named: str, places: list[str], tmp_path: Path
) -> None:
    result = fit("vae", places, *words)

    assert result.exit_code == 2
    assert named in result.stderr
    assert "Traceback" not in result.stderr
    assert not list(tmp_path.rglob("checkpoint.pt"))


def test_missing_data_exits_1_before_training(places: list[str], tmp_path: Path) -> None:
    result = fit("vae", ["--data-dir", str(tmp_path / "nowhere"), *places[2:]])

    assert result.exit_code == 1
    assert "nowhere: expected a folder or a file, found none" in result.stderr
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("kind", ["empty", "texts", "one picture", "pickle", "cut npz"])
def test_wrong_data_exit_1_with_one_sentence(kind: str, places: list[str], tmp_path: Path) -> None:
    data = tmp_path / "photos"
    data.mkdir()
    if kind == "texts":
        (data / "notes.txt").write_text("a text")
    elif kind == "one picture":
        (data / "one.png").write_bytes(tiny.picture_bytes(tiny.random_levels(1)[0]))
    elif kind == "pickle":
        np.save(data / "images.npy", np.array([1, None], dtype=object))
    elif kind == "cut npz":
        (data / "images.npz").write_bytes(b"PK\x03\x04")

    result = fit("vae", ["--data", str(data), *places[2:]])

    assert result.exit_code == 1
    assert result.stderr.startswith(f"error: {data}")
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "runs").exists()


def test_colour_cannot_be_trained_yet(places: list[str]) -> None:
    result = fit("vae", places, "--channels", "colour")

    assert result.exit_code == 2
    assert "data.channels: the networks draw grey alone for now" in result.stderr


def test_pictures_of_ones_own_are_trained_on_and_evaluated(
    places: list[str], tmp_path: Path
) -> None:
    folder = write_pictures(tmp_path / "photos" / "cats", grey(40, 9, 12))
    write_pictures(tmp_path / "photos" / "dogs", grey(40, 20, 20, seed=1))
    words = ("--size", "8", "--epochs", "1", "--set", "data.validation_images=4")

    fitted = fit("vae", ["--data", str(folder.parent), *places[2:]], *words)
    evaluated = run("evaluate", fitted.stdout.strip(), "--data", str(folder.parent), "--json")

    manifest = load_artifact(Path(fitted.stdout.strip())).manifest
    assert (manifest.image.height, manifest.image.width) == (8, 8)
    assert (manifest.dataset.name, manifest.dataset.class_names) == ("photos", ["cats", "dogs"])
    assert list(json.loads(evaluated.stdout)["nats_per_image"]) == [
        "training",
        "validation",
        "held_out",
    ]


def test_loss_that_is_not_finite_exits_1(places: list[str]) -> None:
    result = fit("ae", places, "--learning-rate", "1e30", "--set", "training.clip_norm=0.0")

    assert result.exit_code == 1
    assert "error: epoch 1, step " in result.stderr


def test_missing_artifact_exits_1(places: list[str], tmp_path: Path) -> None:
    result = run("evaluate", str(tmp_path), *places[:2])

    assert result.exit_code == 1
    assert "manifest.json" in result.stderr


@pytest.fixture
def no_download(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail if data would be downloaded."""
    monkeypatch.setattr(fashion_mnist, "download", lambda: pytest.fail("downloads"))


@pytest.mark.usefixtures("no_download")
@pytest.mark.parametrize("command", ["evaluate", "measure", "compare", "export"])
def test_what_is_not_there_is_named_before_any_data_are_downloaded(
    command: str, tmp_path: Path
) -> None:
    result = run(command, str(tmp_path / "nope"), *(["-"] if command == "compare" else []))

    assert result.exit_code == 1
    assert "nope: expected " in result.stderr


@pytest.mark.usefixtures("no_download")
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--device", "abacus"), 2),
        (("--repository", "/dev/null/repository"), 1),
        (("--resume", "nope"), 1),
    ],
)
def test_wrong_option_is_named_before_any_data_are_downloaded(
    words: tuple[str, str], code: int, tmp_path: Path
) -> None:
    places = ["--repository", str(tmp_path / "repository"), "--runs-dir", str(tmp_path / "runs")]

    result = run("fit", "vae", *places, *words)

    assert result.exit_code == code
    assert words[1].removeprefix("/") in result.stderr


def test_output_that_cannot_be_written_is_named_before_comparing(tmp_path: Path) -> None:
    folders = [str(tiny.publish(tmp_path, name)) for name in ("ae", "vae")]

    result = run("compare", *folders, "--output", str(tmp_path / "nowhere" / "report.html"))

    assert result.exit_code == 1
    assert "nowhere: expected a folder" in result.stderr
    assert result.stdout == ""


def test_missing_checkpoint_exits_1(places: list[str], tmp_path: Path) -> None:
    result = run("export", str(tmp_path / "nowhere.pt"), *places)

    assert result.exit_code == 1
    assert "nowhere.pt" in result.stderr


def test_repository_that_cannot_be_made_exits_1(places: list[str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    result = fit("vae", [*places[:3], str(tmp_path / "file" / "repository")])

    assert result.exit_code == 1
    assert "Traceback" not in result.stderr


@pytest.fixture
def interrupted(places: list[str]) -> Result:
    """A fit that Ctrl-C stops in its second epoch, at step 10; an epoch has 7."""
    with at_step(10, signal.default_int_handler, signal.SIGINT, None):
        return fit("vae", places)


@contextlib.contextmanager
def at_step(step: int, act: Callable[..., object], *arguments: object) -> Iterator[None]:
    """Call `act` before the optimizer's step of this number."""
    steps = itertools.count(1)

    def watch(*_: object) -> None:
        if next(steps) == step:
            act(*arguments)

    hook = register_optimizer_step_pre_hook(watch)
    try:
        yield
    finally:
        hook.remove()


def test_interruption_exits_130_and_says_how_to_continue(
    interrupted: Result, tmp_path: Path
) -> None:
    (run_folder,) = (tmp_path / "runs").iterdir()

    assert interrupted.exit_code == 130
    assert "interrupted with 1 of 2 epochs done" in interrupted.stderr
    assert f"python -m training fit vae --resume {run_folder} --data " in interrupted.stderr
    assert not (tmp_path / "repository" / "vae").exists()


def test_printed_command_resumes_the_run(interrupted: Result) -> None:
    command = interrupted.stderr.strip().splitlines()[-1].split()

    resumed = run(*command[3:])

    assert resumed.exit_code == 0
    history = load_artifact(Path(resumed.stdout.strip())).manifest.training.history
    assert [record["epoch"] for record in history] == [1, 2]


@pytest.mark.usefixtures("interrupted")
def test_full_disk_exits_1_and_the_run_can_go_on(places: list[str], tmp_path: Path) -> None:
    (run_folder,) = (tmp_path / "runs").iterdir()
    before = sorted(tmp_path.rglob("*"))

    with full_disk(10_000):
        full = run("fit", "vae", *places, "--resume", str(run_folder))
    after = sorted(tmp_path.rglob("*"))
    resumed = run("fit", "vae", *places, "--resume", str(run_folder))

    assert full.exit_code == 1
    assert "cannot be written: File too large; 1 of 2 epochs done; continue with" in full.stderr
    assert before == after
    assert resumed.exit_code == 0


def test_full_disk_at_publishing_exits_1_and_the_run_can_go_on(
    places: list[str], tmp_path: Path
) -> None:
    shutil.rmtree(Path(fit("vae", places).stdout.strip()).parent)
    (run_folder,) = (tmp_path / "runs").iterdir()
    words = ("fit", "vae", *places, "--resume", str(run_folder))

    with full_disk(10_000):
        full = run(*words)
    left = [*(tmp_path / "repository").iterdir()]
    resumed = run(*words)

    assert full.exit_code == 1
    assert "vae: cannot be published: File too large; 2 of 2 epochs done" in full.stderr
    assert left == []
    assert resumed.exit_code == 0


def test_disk_without_room_is_refused_before_training(
    places: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)

    result = fit("vae", places)

    assert result.exit_code == 1
    assert "MB of free disk space, found 0.0 MB" in result.stderr
    assert list((tmp_path / "runs").iterdir()) == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_signal_is_an_interruption(
    number: signal.Signals, code: int, places: list[str], tmp_path: Path
) -> None:
    with at_step(10, lambda: signal.raise_signal(number)):
        result = fit("vae", places)

    assert result.exit_code == code
    assert "interrupted with 1 of 2 epochs done; continue with" in result.stderr
    assert not (tmp_path / "repository" / "vae").exists()


def test_signal_while_publishing_leaves_nothing_and_says_how_to_continue(
    places: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr("service.artifact.publish.load_unplaced", stop)

    result = fit("vae", places)

    assert result.exit_code == 143
    assert "interrupted with 2 of 2 epochs done; continue with" in result.stderr
    assert list((tmp_path / "repository").iterdir()) == []


def test_signal_ends_the_program_while_it_still_imports() -> None:
    program = (
        "import signal; from training.interruption import end_at_once; end_at_once()\n"
        "signal.raise_signal(signal.SIGTERM)"
    )

    assert subprocess.run([sys.executable, "-c", program]).returncode == 143


def test_signal_that_is_ignored_on_purpose_stays_so(places: list[str]) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with at_step(1, lambda: signal.raise_signal(signal.SIGHUP)):
            result = fit("vae", places, "--epochs", "1")
    finally:
        signal.signal(signal.SIGHUP, before)

    assert result.exit_code == 0


def test_several_processes_are_refused(
    places: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")

    result = fit("vae", places)

    assert result.exit_code == 2
    assert result.stderr.startswith("error: WORLD_SIZE is 2: training runs in one process")
    assert not (tmp_path / "runs").exists()


def test_torchrun_with_one_process_is_one(
    places: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "1")

    assert fit("vae", places, "--epochs", "1").exit_code == 0


@pytest.mark.parametrize(("kind", "words", "code"), [("vae", ("--epochs", "5"), 2), ("ae", (), 1)])
@pytest.mark.usefixtures("interrupted")
def test_resumed_run_keeps_its_configuration(
    kind: str, words: tuple[str, ...], code: int, places: list[str], tmp_path: Path
) -> None:
    (run_folder,) = (tmp_path / "runs").iterdir()

    result = run("fit", kind, "--resume", str(run_folder), *places, *words)

    assert result.exit_code == code


@pytest.mark.parametrize(
    "words", [(), ("fit",), ("describe",), ("evaluate",), ("export",), ("measure",), ("compare",)]
)
def test_help_shows_a_command_to_copy(words: tuple[str, ...]) -> None:
    result = run(*words, "--help")

    assert result.exit_code == 0
    assert "python -m training " in result.stdout.split("Options:")[0]


def start(before: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m training --help` after a line of code."""
    program = (
        f"import runpy, sys\n{before}\nsys.argv = ['training', '--help']\n"
        "runpy.run_module('training', run_name='__main__')\n"
    )
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)


def test_training_runs_without_fastapi() -> None:
    absent = ("fastapi", "starlette", "uvicorn", "pydantic_settings")

    done = start(f"sys.modules.update(dict.fromkeys({absent}))")

    assert done.returncode == 0, done.stderr


def test_python_that_torch_does_not_support_torchscript_on_is_refused() -> None:
    done = start("import service.artifact.programs as programs; programs.NO_TORCHSCRIPT = (3, 0)")

    assert done.returncode == 1
    assert done.stderr == (
        "training writes TorchScript, which torch does not support on Python 3.0 or newer\n"
    )
