"""Builds the images once, and prints the tests' figures at the end of the run."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.docker import engine
from tests.server import until

FIGURES = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[FIGURES] = []


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if lines := config.stash.get(FIGURES, []):
        terminalreporter.section("containers, as measured")
        for line in lines:
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def report(pytestconfig: pytest.Config) -> Callable[[str], None]:
    """Adds a line to the summary."""
    return pytestconfig.stash.setdefault(FIGURES, []).append


@pytest.fixture(scope="session")
def images() -> None:
    """All images, built from the current source."""
    engine.build()


def is_ready(address: str) -> bool:
    try:
        return httpx.get(f"{address}/readyz").status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def bare(cpus: str = "2", image: str = engine.SERVICE_IMAGE) -> Iterator[tuple[str, str, int]]:
    """A ready container of plain `docker run` with some CPUs, and its published host and port."""
    with engine.beside("--cpus", cpus, "--publish", "8000", image=image) as name:
        host, port = engine.address(name, 8000)
        engine.wait_for_line(name, "Application startup complete")
        until(lambda: is_ready(f"http://{host}:{port}"))
        yield name, host, port
