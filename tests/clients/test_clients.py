"""Runs clients generated from docs/openapi.json against a live server.

`make clients` generates them. Each tool's program calls the service through its client, and the
tests compare what it received with plain HTTP.
"""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from tests import pictures, tiny
from tests.clients import plain_http
from tests.clients.generate import CLIENTS, SOURCE, environment
from tests.server import serve, until

pytestmark = pytest.mark.slow

ROOT = SOURCE.parent.parent
# The commands that build and run a tool's program, in the tool's folder.
TYPESCRIPT = [["tsc", "--project", ".."], ["node", "../build/{tool}/drive.js"]]
PROGRAMS: dict[str, list[list[str]]] = {
    "openapi-python-client": [["python", "drive.py"]],
    "openapi-generator-python": [["python", "drive.py"]],
    "openapi-generator-go": [["go", "build", "-o", "drive", "."], ["./drive"]],
    "hey-api": TYPESCRIPT,
    "openapi-fetch": TYPESCRIPT,
}
# The text of a call in a program, from the operation's id or path.
CALLS = {
    "openapi-python-client": "{id}.sync(",
    "openapi-generator-python": ".{id}(",
    "openapi-generator-go": ".{pascal}(ctx",
    "hey-api": "atlas.{camel}(",
    "openapi-fetch": '("{path}"',
}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with two models and a third one that fails to load on a reload."""
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
    """Whether every worker has tried to load the third model, judging by eight connections."""
    answers = [httpx.get(f"{address}/models/broken") for _ in range(8)]
    return all(answer.status_code == 503 for answer in answers)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files every program sends: pictures, wrong files, and a picture as numbers."""
    levels = tiny.random_levels(2)
    for index, picture in enumerate(levels):
        (tmp_path / f"{index}.png").write_bytes(tiny.picture_bytes(picture))
    (tmp_path / "huge.png").write_bytes(pictures.png((60_000, 60_000), 8, 6, b""))
    (tmp_path / "text.png").write_text("not a picture")
    (tmp_path / "pixels.json").write_text(json.dumps((levels[:1] / 255).tolist()))
    return tmp_path


def run(command: list[str], folder: Path) -> str:
    """Run a command in a folder, without access to packages. Returns what it prints."""
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
    with httpx.Client(base_url=address) as client:
        told, computed = plain_http.told(client), plain_http.computed(client, folder)
        refused, drawn = plain_http.refused(client, folder), plain_http.drawn(client)
    assert answers.keys() == {"errors"} | told.keys() | computed.keys()
    assert sorted(refused) == ["404", "413", "415", "422", "503"]
    assert answers["errors"] == refused
    for name, value in told.items():
        assert answers[name] == value
    for name, numbers in computed.items():
        found, right = np.array(answers[name]), np.array(numbers)
        assert found.shape == right.shape
        assert np.abs(found - right).max() < 1e-6  # some clients hold numbers as float32
    for name, picture in drawn.items():
        assert (folder / name).read_bytes() == picture


@pytest.mark.parametrize("tool", PROGRAMS)
def test_program_calls_every_operation(tool: str) -> None:
    folder = SOURCE / tool
    program = next(folder.glob("drive.*")).read_text()

    for path, methods in json.loads((ROOT / "docs" / "openapi.json").read_text())["paths"].items():
        for operation in methods.values():
            name = operation["operationId"]
            pascal = name.replace("_", " ").title().replace(" ", "")
            camel = pascal[0].lower() + pascal[1:]
            call = CALLS[tool].format(id=name, path=path, pascal=pascal, camel=camel)
            assert call in program, call
