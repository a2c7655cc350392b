"""The engine, on a compose project of the tests' own: nothing of a person's is touched."""

import json
import os
import subprocess
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE, STDOUT
from typing import Any

ROOT = Path(__file__).parent.parent.parent
PROJECT = "latent-atlas-test"
SERVICE_IMAGE, TRAINING_IMAGE = "latent-atlas-service", "latent-atlas-training"
LONGEST_SECONDS = 1200  # a first build fetches 360 MB
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def run(*command: str, **variables: str) -> str:
    """Standard output of a command in the root folder; raises where it fails or hangs."""
    environment = {**os.environ, "COMPOSE_PROJECT_NAME": PROJECT, "ATLAS_PORT": "0", **variables}
    return subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        check=True,
        stdout=PIPE,
        text=True,
        timeout=LONGEST_SECONDS,
    ).stdout.strip()


def docker(*arguments: str, **variables: str) -> str:
    """`docker ARGUMENTS`."""
    return run("docker", *arguments, **variables)


def build(*arguments: str) -> None:
    """`docker compose build` of both images, or through a wrapper that takes the file first.

    An engine without the internet needs build arguments that only its wrapper knows.
    """
    wrapper = os.environ.get("ATLAS_TEST_COMPOSE")
    compose = [wrapper] if wrapper else ["docker", "compose", "--file"]
    run(*compose, "compose.yaml", "--profile", "training", "build", *arguments)


def inspect(name: str) -> dict[str, Any]:
    """What the engine knows of an image or a container."""
    found: dict[str, Any] = json.loads(docker("inspect", name))[0]
    return found


@contextmanager
def beside(*options: str) -> Iterator[str]:
    """A container of the service that runs beside the test, with `docker run`'s options."""
    name = docker("run", "--detach", *options, SERVICE_IMAGE)
    try:
        yield name
    finally:
        docker("rm", "--force", name)


def wait_for_line(container: str, text: str) -> None:
    """Until the container writes it, a minute at most; that takes none of the container's CPUs."""
    follow, written = ["docker", "logs", "--follow", container], list[str]()
    with subprocess.Popen(follow, stdout=PIPE, stderr=STDOUT, text=True) as log:
        assert log.stdout is not None
        limit = threading.Timer(60, log.kill)
        limit.start()
        for line in log.stdout:
            written.append(line)
            if text in line:
                log.kill()
                break
        limit.cancel()
    assert text in "".join(written), f"the container wrote {written}"


def address(container: str, port: int) -> tuple[str, int]:
    """Host and port under which a published port of a container is reached; the engine chose it."""
    places = docker("port", container, str(port)).split()
    (place,) = [place for place in places if place.startswith("0.0.0.0:")]
    return "127.0.0.1", int(place.partition(":")[2])
