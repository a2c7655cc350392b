"""Runs the programs of examples/ unchanged against a live server."""

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from service.settings import Settings
from tests import tiny
from tests.server import figure, serve

EXAMPLES = Path(__file__).parent.parent / "examples"
LEVELS = tiny.random_levels(600)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A ready server with the embedded models."""
    with serve(["-m", "service"], Settings().model_repository) as (address, _):
        yield address


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder a program runs in, with two pictures."""
    for index in range(2):
        (tmp_path / f"{index}.png").write_bytes(tiny.picture_bytes(LEVELS[index]))
    return tmp_path


def run(address: str, folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    program, name, *arguments = command
    return subprocess.run(
        [program, str(EXAMPLES / name), *arguments],
        cwd=folder,
        env={**os.environ, "ATLAS_URL": address},
        capture_output=True,
        text=True,
        check=False,
    )


def means(address: str, *files: bytes) -> list[list[float]]:
    """The means that the service gives for pictures."""
    answer = httpx.post(f"{address}/encode", files=tiny.uploads(list(files)))
    return [entry["mean"] for entry in answer.json()["latents"]]


def numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?\d+\.\d+", text)]


def test_quickstart(address: str, folder: Path) -> None:
    done = run(address, folder, sys.executable, "quickstart.py", "0.png", "1.png")

    files = [(folder / name).read_bytes() for name in ("0.png", "1.png")]
    assert done.returncode == 0, done.stderr
    assert numbers(done.stdout) == pytest.approx(sum(means(address, *files), []))
    assert tiny.read_levels((folder / "redrawn.png").read_bytes()).shape == (28, 56)
    plane = httpx.get(f"{address}/grid?model=vae").content
    assert (folder / "plane.png").read_bytes() == plane


def test_quickstart_tells_what_is_wrong(address: str, folder: Path) -> None:
    (folder / "0.png").write_text("not a picture")

    done = run(address, folder, sys.executable, "quickstart.py", "1.png", "0.png")

    assert done.returncode == 1
    assert done.stderr.startswith("415 ")
    assert done.stderr.endswith(" /form/images/1\n")


def test_concurrent_requests_come_back_when_the_service_is_full(folder: Path) -> None:
    full = {"ATLAS_INFERENCE_PLACES": "1", "ATLAS_INFERENCE_QUEUE": "1"}
    with serve(
        ["-m", "service"], Settings().model_repository, environment={**os.environ, **full}
    ) as (address, _):
        done = run(address, folder, sys.executable, "flight.py", "12")
        rejected = figure(address, "atlas_inference_rejected_total")

    assert done.returncode == 0, done.stderr
    assert rejected > 0
    for number in range(12):
        picture = (folder / f"frame-{number:03}.png").read_bytes()
        assert tiny.read_levels(picture).shape == (588, 588)


def test_folder_is_encoded_in_batches_without_the_bad_ones(address: str, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    files = [tiny.picture_bytes(levels) for levels in LEVELS]
    for index, file in enumerate(files):
        (folder / f"{index:04}.png").write_bytes(file)
    (folder / "0300.png").write_bytes(files[300][:100])
    (folder / "notes.txt").write_text("not a picture")
    (folder / "=1+1.png").write_bytes(files[0])  # to a spreadsheet a formula

    done = run(address, tmp_path, sys.executable, "encode_folder.py", str(folder))

    rows = list(csv.DictReader(done.stdout.splitlines()))
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith(f"{folder / '0300.png'}: ")
    assert [row["file"] for row in rows] == [
        *(f"{index:04}.png" for index in range(600) if index != 300),
        "'=1+1.png",
    ]
    assert numbers(rows[-2]["mean"]) == pytest.approx(means(address, files[599])[0], abs=1e-5)


def test_curl_calls(address: str, folder: Path) -> None:
    done = run(address, folder, "sh", "calls.sh", "0.png")

    assert done.returncode == 0, done.stdout
    by_form, by_body, status = done.stdout.splitlines()
    assert json.loads(by_form) == json.loads(by_body)
    assert status == "304"
    plane = httpx.get(f"{address}/grid?model=vae").content
    assert (folder / "plane.png").read_bytes() == plane
    assert tiny.read_levels((folder / "mosaic.png").read_bytes()).shape == (112, 224)


@pytest.mark.slow
def test_fetch(address: str, folder: Path) -> None:
    done = run(address, folder, "node", "fetch.mjs", "0.png")

    mean = means(address, (folder / "0.png").read_bytes())[0]
    assert done.returncode == 0, done.stderr
    assert numbers(done.stdout) == pytest.approx(mean)
    assert done.stdout.endswith("28 rows of 28 values\n")
    assert tiny.read_levels((folder / "redrawn.png").read_bytes()).shape == (224, 224)


def test_every_example_is_listed_and_run() -> None:
    page = (EXAMPLES / "README.md").read_text()
    tests = Path(__file__).read_text()

    for path in EXAMPLES.iterdir():
        assert path.name == "README.md" or (f"[{path.name}]" in page and f'"{path.name}"' in tests)
