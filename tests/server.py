"""The real server in a process of its own, on a free port."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx


@contextmanager
def serve(
    arguments: list[str],
    repository: Path | None,
    executable: str = sys.executable,
    folder: Path | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Start the server, wait until it is ready, give its address, and end it in the end."""
    settings = {"ATLAS_PORT": "0"}
    if repository is not None:
        settings["ATLAS_MODEL_REPOSITORY"] = str(repository)
    process = subprocess.Popen(
        [executable, *arguments],
        cwd=folder,
        env={**environment, **settings},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        start_new_session=True,  # `make` passes no signal on to the server it started
    )
    # A server whose log nobody reads stops when the pipe is full.
    reading = threading.Thread(target=process.communicate, daemon=True)
    try:
        address = _address(process)
        reading.start()
        while httpx.get(f"{address}/readyz").status_code != 200:
            assert process.poll() is None
        yield address, process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        (reading.join if reading.ident else process.communicate)()


def _address(process: subprocess.Popen[str]) -> str:
    """Where uvicorn says it listens."""
    log = list[str]()
    assert process.stderr is not None
    for line in process.stderr:
        log.append(line)
        if found := re.search(r"http://127\.0\.0\.1:\d+", line):
            return found.group()
    raise RuntimeError(f"the server ended: {''.join(log)}")
