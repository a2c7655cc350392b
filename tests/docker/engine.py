"""Runs Docker in the tests' own compose project, so a developer's containers stay untouched."""

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
SLIM_IMAGE = "latent-atlas-service-slim"
LONGEST_SECONDS = 1200  # a first build fetches 360 MB
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def run(*command: str, **variables: str) -> str:
    """Run a command in the root folder. Returns standard output; raises if it fails or hangs."""
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
    return run("docker", *arguments, **variables)


def build() -> None:
    """Build the images with `docker compose build`, or a wrapper whose first argument is the file.

    On an engine without internet access, the wrapper adds the build arguments it needs.
    """
    wrapper = os.environ.get("DOCKER_TEST_COMPOSE")
    compose = [wrapper] if wrapper else ["docker", "compose", "--file"]
    run(*compose, "compose.yaml", "--profile", "training", "build")
    run(*compose, "compose.yaml", "build", "service", SERVICE_TARGET="service-slim")


def inspect(name: str) -> dict[str, Any]:
    """`docker inspect` of an image or a container."""
    found: dict[str, Any] = json.loads(docker("inspect", name))[0]
    return found


@contextmanager
def beside(*options: str, image: str = SERVICE_IMAGE) -> Iterator[str]:
    """Run a container of the service during the test, with options of `docker run`."""
    name = docker("run", "--detach", *options, image)
    try:
        yield name
    finally:
        docker("rm", "--force", name)


def wait_for_line(container: str, text: str) -> None:
    """Wait up to a minute until the container logs the line. This uses none of its CPUs."""
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
    """Host and port that the engine chose for a container's published port."""
    places = docker("port", container, str(port)).split()
    (place,) = [place for place in places if not place.startswith("[")]  # IPv6
    return "127.0.0.1", int(place.rpartition(":")[2])
