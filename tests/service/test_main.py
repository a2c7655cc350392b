"""The real server in a process of its own, started both documented ways."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests import tiny

WAYS = {
    "python -m service": ["-m", "service"],
    "uvicorn --factory": ["-m", "uvicorn", "--factory", "service.app:create_app", "--port", "0"],
}


@contextmanager
def serve(arguments: list[str], repository: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Start the server on a free port and give its address."""
    environment = os.environ | {"ATLAS_MODEL_REPOSITORY": str(repository), "ATLAS_PORT": "0"}
    process = subprocess.Popen(
        [sys.executable, *arguments], env=environment, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    try:
        address = next(
            found.group()
            for line in process.stderr
            if (found := re.search(r"http://127\.0\.0\.1:\d+", line))
        )
        yield address, process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("way", WAYS)
def test_server_answers_over_tcp(repository: Path, way: str) -> None:
    retry = httpx.HTTPTransport(retries=3)
    with serve(WAYS[way], repository) as (address, process), httpx.Client(transport=retry) as http:
        while http.get(f"{address}/readyz").status_code != 200:
            assert process.poll() is None
        grid = http.get(f"{address}/grid?model=ae&rows=2&columns=3")
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
