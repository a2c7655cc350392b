"""Runs README's commands and checks that they do what it says."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from service.settings import Settings
from tests import tiny
from tests.server import serve

ROOT = Path(__file__).parent.parent
DATA = Path(__file__).parent / "data" / "fashion-mnist"
README = (ROOT / "README.md").read_text()
COMMANDS = [
    line
    for block in re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]
CURL = [command for command in COMMANDS if command.startswith("curl")]
# The JSON that README shows after a block of commands is the answer to its last command.
SHOWN = {
    commands.splitlines()[-1]: json.loads(answer)
    for commands, answer in re.findall(
        r"^```sh\n([^`]*)^```\n\n```json\n([^`]*)^```", README, re.MULTILINE
    )
}
PICTURES = {
    "vae.png": (588, 588),
    "ae.png": (588, 588),
    "wide.png": (15 * 28 * 2, 31 * 28 * 2),
    "quantiles.png": (588, 588),
    "points.png": (28 * 4, 3 * 28 * 4),
}


def rounded(answer: object) -> object:
    """The answer with its fractions rounded, as README shows it."""
    if isinstance(answer, dict):
        return {key: rounded(value) for key, value in answer.items()}
    if isinstance(answer, list):
        return [rounded(value) for value in answer]
    return round(answer, 2) if isinstance(answer, float) else answer


def run_curl(address: str, folder: Path) -> None:
    """Run README's curl commands in order, against the server at `address`."""
    for command in CURL:
        here = command.replace("localhost:8000", address.removeprefix("http://"))
        done = subprocess.run(
            [*shlex.split(here), "--fail-with-body", "--silent", "--show-error"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        if command in SHOWN:
            assert rounded(json.loads(done.stdout)) == SHOWN[command]
    for name, shape in PICTURES.items():
        assert tiny.read_levels((folder / name).read_bytes()).shape == shape


@pytest.fixture
def embedded() -> Iterator[str]:
    """Address of a ready server with the embedded models."""
    with serve(["-m", "service"], Settings().model_repository) as (address, _):
        yield address


def test_curl_commands_work_and_give_the_answers_shown(embedded: str, tmp_path: Path) -> None:
    assert len(CURL) >= 10
    assert len(SHOWN) == README.count("```json")
    run_curl(embedded, tmp_path)


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("make ")])
def test_make_commands_exist(command: str) -> None:
    subprocess.run([*command.split(), "--dry-run"], cwd=ROOT, check=True, stdout=subprocess.PIPE)


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("python -m training")])
def test_training_commands_work(command: str, tmp_path: Path) -> None:
    _, *arguments = shlex.split(command)
    if "compare" in arguments:
        arguments += ["--output", str(tmp_path / "comparison.html")]
    else:
        arguments += ["--data-dir", str(DATA)]
    if "fit" in arguments:  # on less data, and into another repository
        arguments += ["--epochs", "1", "--set", "data.validation_images=50"]
        arguments += ["--repository", str(tmp_path / "models"), "--runs-dir", str(tmp_path)]

    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert "nats per image" in done.stdout or Path(done.stdout.strip()).is_dir()


def test_every_command_is_covered() -> None:
    known = ("curl ", "make ", "python -m training ", "docker compose ")

    assert [command for command in COMMANDS if not command.startswith(known)] == []


def test_settings_are_listed_with_their_defaults() -> None:
    for name, field in Settings.model_fields.items():
        default = "embedded" if name == "model_repository" else field.default
        shown = "" if default in (None, ()) else f"`{default}`"
        assert f"| `ATLAS_{name.upper()}` | {shown} | {field.description} |" in README


@pytest.mark.slow
def test_make_serve_alone_sets_up_and_serves_in_a_fresh_clone(tmp_path: Path) -> None:
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(tmp_path / "clone")], check=True)
    environment = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
    clone, make = tmp_path / "clone", shutil.which("make")
    assert make is not None

    with serve(
        ["serve"], None, executable=make, folder=clone, environment=environment, workers=None
    ) as (address, _):
        assert httpx.get(f"{address}/readyz").status_code == 200
        run_curl(address, tmp_path)
