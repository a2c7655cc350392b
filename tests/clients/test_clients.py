"""Clients that generators made of docs/openapi.json, against a live server.

`make clients` makes them, each tool's own program calls through its client, and what came back is
compared with plain HTTP.
"""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from tests import pictures, tiny
from tests.clients.generate import CLIENTS, SOURCE, environment
from tests.server import serve, until

pytestmark = pytest.mark.slow

ROOT = SOURCE.parent.parent
LATENTS = [[0.0, 0.0], [-1.5, 0.5]]
# What builds a tool's program, and what runs it, each in the tool's folder.
TYPESCRIPT = [["tsc", "--project", ".."], ["node", "../build/{tool}/drive.js"]]
PROGRAMS: dict[str, list[list[str]]] = {
    "openapi-python-client": [["python", "drive.py"]],
    "openapi-generator-python": [["python", "drive.py"]],
    "openapi-generator-go": [["go", "build", "-o", "drive", "."], ["./drive"]],
    "hey-api": TYPESCRIPT,
    "openapi-fetch": TYPESCRIPT,
}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with two models, and a third that broke when it was reloaded."""
    repository = tmp_path_factory.mktemp("repository")
    for name in ("ae", "vae"):
        tiny.publish(repository, name)
    with serve(["-m", "service"], repository) as (address, process):
        broken = shutil.copytree(repository / "ae", repository / "broken")
        (broken / "1" / "model.pt").write_bytes(b"")
        process.send_signal(signal.SIGHUP)
        until(lambda: has_reloaded(address))
        yield address


def has_reloaded(address: str) -> bool:
    """Whether every process behind the port, as far as eight connections tell, has tried."""
    answers = [httpx.get(f"{address}/models/broken") for _ in range(8)]
    return all(answer.status_code == 503 for answer in answers)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What every program sends: pictures, wrong files, and a picture as numbers."""
    levels = tiny.random_levels(2)
    for index, picture in enumerate(levels):
        (tmp_path / f"{index}.png").write_bytes(tiny.picture_bytes(picture))
    (tmp_path / "huge.png").write_bytes(pictures.png((60_000, 60_000), 8, 6, b""))
    (tmp_path / "text.png").write_text("not a picture")
    (tmp_path / "pixels.json").write_text(json.dumps((levels[:1] / 255).tolist()))
    return tmp_path


def run(command: list[str], folder: Path) -> str:
    """Run a command in a folder, without a way to any package; what it prints."""
    offline = {"GOPROXY": "off", "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local"}
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment() | offline,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def expected_answers(address: str, folder: Path) -> dict[str, Any]:
    """The same calls by plain HTTP."""
    with httpx.Client(base_url=address) as client:
        files = [(folder / name).read_bytes() for name in ("0.png", "1.png")]
        encoded = client.post("/encode", files=tiny.uploads(files), data={"model": "vae"})
        pixels = json.loads((folder / "pixels.json").read_text())
        from_pixels = client.post("/encode/pixels", json={"model": "vae", "images": pixels})
        decoded = client.post("/decode/pixels", json={"model": "vae", "latents": LATENTS})
        again = client.post("/reconstruct", files=tiny.uploads(files), data={"model": "vae"})
        text = [("images", ("text.png", b"not a picture", "image/png"))]
        huge = [("images", ("huge.png", (folder / "huge.png").read_bytes(), "image/png"))]
        refused = [
            client.get("/models/nope"),
            client.get("/models/broken"),
            client.post("/encode", files=huge),
            client.post("/encode", files=text),
            client.get("/grid?rows=200&columns=200"),
        ]
    return {
        "models": ["ae", "vae"],
        "encode": [entry["mean"] for entry in encoded.json()["latents"]],
        "encode_pixels": [entry["mean"] for entry in from_pixels.json()["latents"]],
        "decode_pixels": decoded.json()["images"],
        "reconstruct": [entry["reconstruction"] for entry in again.json()["reconstructions"]],
        "errors": {str(answer.status_code): answer.json()["detail"] for answer in refused},
    }


def expected_pictures(address: str) -> dict[str, bytes]:
    body = {"model": "vae", "latents": LATENTS, "columns": 2}
    path = {"model": "vae", "latents": LATENTS, "method": "spherical", "bounce": True}
    return {
        "decode.png": httpx.post(f"{address}/decode", json=body).content,
        "path.png": httpx.post(f"{address}/interpolate/animation", json=path).content,
        "tile.png": httpx.get(f"{address}/tiles/ae/10/511/512.png").content,
        "grid.png": httpx.get(f"{address}/grid?model=ae&rows=3&columns=5").content,
    }


@pytest.mark.parametrize("tool", PROGRAMS)
def test_generated_client_gets_what_plain_http_gets(
    address: str, folder: Path, tool: str, capsys: pytest.CaptureFixture[str]
) -> None:
    *builds, program = [[word.format(tool=tool) for word in words] for words in PROGRAMS[tool]]
    for command in builds:
        run(command, CLIENTS / tool)

    printed = run([*program, address, str(folder)], CLIENTS / tool)

    with capsys.disabled():  # CI shows each call
        sys.stdout.write(f"\n{tool}\n{printed}")
    answers = json.loads((folder / "answers.json").read_text())
    expected = expected_answers(address, folder)
    assert answers["models"] == expected["models"]
    assert answers["errors"] == expected["errors"]
    assert sorted(answers["errors"]) == ["404", "413", "415", "422", "503"]
    for numbers in ("encode", "encode_pixels", "decode_pixels", "reconstruct"):
        found, right = np.array(answers[numbers]), np.array(expected[numbers])
        assert found.shape == right.shape
        assert np.abs(found - right).max() < 1e-6  # some clients hold numbers as float32
    for name, picture in expected_pictures(address).items():
        assert (folder / name).read_bytes() == picture
