"""The real server, started both documented ways."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests import tiny
from tests.server import serve

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
