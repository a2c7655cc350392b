"""Starts the real server in both documented ways."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from service.artifact.contract import MODEL_FILE
from tests import tiny
from tests.server import serve, until

WAYS = {
    "python -m service": ["-m", "service"],
    "uvicorn --factory": ["-m", "uvicorn", "--factory", "service.app:create_app", "--port", "0"],
}


@pytest.mark.parametrize("way", WAYS)
def test_server_answers_over_tcp(repository: Path, way: str) -> None:
    with serve(WAYS[way], repository) as (address, process):
        grid = httpx.get(f"{address}/grid?model=ae&rows=2&columns=3")
        process.send_signal(signal.SIGINT)
        process.wait(timeout=20)

    assert tiny.read_levels(grid.content).shape == (56, 84)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("name", "value"), [("ATLAS_PORT", "http"), ("ATLAS_MODEL_REPOSITORY", "/nonexistent")]
)
def test_wrong_setting_ends_each_way_to_start_with_one_line(
    name: str, value: str, way: str
) -> None:
    finished = start(WAYS[way], {name: value})

    assert finished.returncode == 2
    (line,) = finished.stderr.splitlines()
    assert line.startswith(f'latent-atlas: {name} is "{value}": expected ')


@pytest.mark.parametrize("workers", [1, 2])
def test_port_in_use_ends_the_start_with_one_line_that_names_another(
    repository: Path, workers: int
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = {"ATLAS_PORT": str(port), "ATLAS_WORKERS": str(workers)}
        finished = start(WAYS["python -m service"], settings, repository)

    assert finished.returncode == 2
    assert finished.stderr == (
        f'latent-atlas: ATLAS_PORT is "{port}": another program uses this port; '
        f"for example ATLAS_PORT={port + 1}\n"
    )


@pytest.mark.parametrize("host", ["203.0.113.1", "no-such-host.invalid", "a" * 64])
def test_address_of_another_machine_ends_the_start_with_one_line(
    repository: Path, host: str
) -> None:
    finished = start(WAYS["python -m service"], {"ATLAS_HOST": host}, repository)

    assert finished.returncode == 2
    (line,) = finished.stderr.splitlines()
    assert line.startswith(f'latent-atlas: ATLAS_HOST is "{host}": expected an address of this ')
    assert line.endswith("; for example ATLAS_HOST=127.0.0.1")


def test_default_model_that_is_missing_ends_the_start_with_those_that_are_there(
    repository: Path,
) -> None:
    finished = start(WAYS["python -m service"], {"ATLAS_DEFAULT_MODEL": "beta-vae"}, repository)

    assert finished.returncode == 2
    assert finished.stderr == (
        f'latent-atlas: ATLAS_DEFAULT_MODEL is "beta-vae": expected a model of {repository}, '
        "found ae, vae; for example ATLAS_DEFAULT_MODEL=ae\n"
    )


def test_repository_without_models_ends_the_start_with_one_line(tmp_path: Path) -> None:
    finished = start(WAYS["python -m service"], {}, tmp_path)

    assert finished.returncode == 2
    (line,) = finished.stderr.splitlines()
    assert line.startswith(f'latent-atlas: ATLAS_MODEL_REPOSITORY is "{tmp_path}": expected ')
    assert "found no model at all" in line


def start(
    arguments: list[str], settings: dict[str, str], repository: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Start a server that ends by itself."""
    chosen = {} if repository is None else {"ATLAS_MODEL_REPOSITORY": str(repository)}
    return subprocess.run(
        [sys.executable, *arguments],
        env=os.environ | {"ATLAS_PORT": "0"} | chosen | settings,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("workers", [1, 2])
def test_unknown_variable_is_logged_once_with_the_nearest_setting(
    repository: Path, workers: int
) -> None:
    log = list[str]()
    environment = os.environ | {"ATLAS_MAX_TILE": "9"}
    way = WAYS["python -m service"]

    with serve(way, repository, environment=environment, log=log, workers=workers):
        pass

    (line,) = (line for line in log if "ATLAS_MAX_TILE" in line)
    assert json.loads(line)["message"] == (
        "ATLAS_MAX_TILE is not a setting: did you mean ATLAS_MAX_TILES?"
    )


@pytest.mark.parametrize("workers", [1, 2])
def test_ready_is_logged_once_and_last_of_the_start(repository: Path, workers: int) -> None:
    log = list[str]()

    with serve(WAYS["python -m service"], repository, log=log, workers=workers) as (address, _):
        port = address.rpartition(":")[2]
        until(lambda: any("Latent Atlas is ready" in line for line in log))

    (ready,) = (line for line in log if "is ready" in line)
    assert json.loads(ready)["message"] == f"Latent Atlas is ready: open http://localhost:{port}"
    before = log[: log.index(ready)]
    assert sum("is served" in line for line in before) == 2 * workers


@pytest.mark.parametrize("workers", [1, 2])
def test_ready_is_not_said_where_a_model_is_broken(tmp_path: Path, workers: int) -> None:
    tiny.publish(tmp_path, "vae")
    (tiny.publish(tmp_path, "ae") / MODEL_FILE).write_bytes(b"")
    settings = {"ATLAS_MODEL_REPOSITORY": str(tmp_path), "ATLAS_WORKERS": str(workers)}

    with subprocess.Popen(
        [sys.executable, *WAYS["python -m service"]],
        env=os.environ | {"ATLAS_PORT": "0"} | settings,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        said = next(line for line in process.stderr if "Latent Atlas" in line)
        process.send_signal(signal.SIGTERM)

    assert json.loads(said)["level"] == "warning"
    assert "/readyz names models it lacks" in said


@pytest.mark.skipif(sys.platform != "linux", reason="only there can a process be looked into")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_a_server_that_has_hardly_started(number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "service"],
        env=os.environ | {"ATLAS_WORKERS": "1", "ATLAS_PORT": "0"},
        stderr=subprocess.PIPE,
    )
    status, memory = (Path(f"/proc/{process.pid}/{name}") for name in ("status", "maps"))
    until(lambda: catches(status.read_text(), signal.SIGTERM))
    has_torch = "libtorch" in memory.read_text()

    process.send_signal(number)

    _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors, has_torch) == (0, b"", False)


def catches(status: str, number: signal.Signals) -> bool:
    """Whether a process has a handler for a signal, from /proc/PID/status."""
    (caught,) = (line for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) >> (number - 1) & 1)
