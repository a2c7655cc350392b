"""Starts the real server in both documented ways."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

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


@pytest.mark.parametrize(
    ("name", "value"), [("ATLAS_PORT", "http"), ("ATLAS_MODEL_REPOSITORY", "/nonexistent")]
)
def test_wrong_setting_ends_the_start_with_its_name(name: str, value: str) -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "service"],
        env=os.environ | {name: value},
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )

    assert finished.returncode == 2
    assert name.removeprefix("ATLAS_").lower() in finished.stderr or value in finished.stderr
    assert "Traceback" not in finished.stderr


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
