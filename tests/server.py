"""Runs the real server in its own process, on a free port."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic
from urllib.parse import urlsplit

import httpx
from prometheus_client.parser import text_string_to_metric_families


@contextmanager
def serve(
    arguments: list[str],
    repository: Path | None,
    executable: str = sys.executable,
    folder: Path | None = None,
    environment: Mapping[str, str] = os.environ,
    log: list[str] | None = None,
    workers: int | None = 1,
) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Start the server, yield its address once it is ready, and stop it afterwards.

    `log` collects the server's standard error and is complete once the server has exited. With
    `workers` None the server chooses their number.
    """
    settings = {"ATLAS_PORT": "0"}
    if workers is not None:
        settings["ATLAS_WORKERS"] = str(workers)
    if repository is not None:
        settings["ATLAS_MODEL_REPOSITORY"] = str(repository)
    process = subprocess.Popen(
        [executable, *arguments],
        cwd=folder,
        env={**environment, **settings},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        start_new_session=True,  # `make` does not pass signals on to the server
    )
    lines = [] if log is None else log
    # If nobody reads the pipe, the access log fills it and blocks the server.
    reader = threading.Thread(target=_read_on, args=(process, lines))
    try:
        address = _address(process, lines)
        reader.start()
        until(lambda: _is_ready(address, process, lines), seconds=60)
        yield address, process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if reader.ident is not None:
            reader.join()
        assert process.stderr is not None
        process.stderr.close()


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Poll until the condition holds."""
    deadline = monotonic() + seconds
    while not condition():
        assert monotonic() < deadline, "the condition never held"


def figure(address: str, name: str, **labels: str) -> float:
    """A sample of the server's /metrics; 0 if it is not there yet."""
    for family in text_string_to_metric_families(httpx.get(f"{address}/metrics").text):
        for sample in family.samples:
            if sample.name == name and labels.items() <= sample.labels.items():
                return sample.value
    return 0


@contextmanager
def connected(address: str) -> Iterator[socket.socket]:
    """A TCP connection to the server."""
    host = urlsplit(address)
    with socket.create_connection((host.hostname, host.port), timeout=20) as connection:
        yield connection


def _is_ready(address: str, process: subprocess.Popen[str], lines: list[str]) -> bool:
    """Whether the server is ready. If not, waits a moment; raises if the server has exited."""
    with suppress(httpx.ConnectError):  # with several workers, none listens before it is ready
        if httpx.get(f"{address}/readyz").status_code == 200:
            return True
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=0.02)
        raise _ended(lines)
    return False


def _read_on(process: subprocess.Popen[str], lines: list[str]) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        lines.append(line)


def _address(process: subprocess.Popen[str], lines: list[str]) -> str:
    """The address that uvicorn logs."""
    assert process.stderr is not None
    for line in process.stderr:
        lines.append(line)
        if found := re.search(r"http://127\.0\.0\.1:\d+", line):
            return found.group()
    raise _ended(lines)


def _ended(lines: list[str]) -> RuntimeError:
    return RuntimeError(f"the server ended: {''.join(lines)}")
