"""Starts, queries, reloads and stops the service with `docker compose`. Needs an engine."""

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests import tiny
from tests.docker import engine, load
from tests.server import until

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("images")]

DATA = Path(__file__).parent.parent / "data" / "fashion-mnist"
UP = ("up", "--detach", "--no-build", "--wait", "--wait-timeout", "120")


def compose(*arguments: str) -> str:
    """Run `docker compose` with the file at the root."""
    return engine.docker("compose", *arguments)


@pytest.fixture(scope="module")
def service() -> Iterator[httpx.Client]:
    """A client of the ready service."""
    compose("down", "--volumes")
    compose(*UP)
    host, port = engine.address(compose("ps", "--quiet", "service"), 8000)
    with httpx.Client(base_url=f"http://{host}:{port}") as client:
        yield client
    compose("--profile", "training", "down", "--volumes")


def test_serves_both_embedded_models(service: httpx.Client) -> None:
    assert set(service.get("/readyz").json()["models"]) == {"ae", "vae"}
    for model in ("ae", "vae"):
        picture = tiny.read_levels(service.get("/grid", params={"model": model}).content)
        assert picture.shape == (588, 588)


def test_page_is_served_with_its_files(service: httpx.Client) -> None:
    named = re.findall(r'(?:href|src)="(explorer/[^"]+)"', service.get("/").text)

    assert {service.get(f"/{name}").status_code for name in named} == {200}


def test_plain_up_leaves_training_out(service: httpx.Client) -> None:  # noqa: ARG001
    assert compose("ps", "--services").split() == ["service"]


def test_runs_with_no_rights_on_a_root_it_cannot_write(service: httpx.Client) -> None:  # noqa: ARG001
    look = (
        "import os, re\n"
        "status = open('/proc/self/status').read()\n"
        "where = '/', '/tmp', '/atlas/model_repository'\n"
        "print(os.getuid(), *(os.access(path, os.W_OK) for path in where))\n"
        "print(*(re.search(name + r':\\s*(\\w+)', status)[1] for name in ('CapBnd', 'NoNewPrivs')))"
    )

    shown = compose("exec", "-T", "service", "python", "-c", look)

    assert shown.split() == ["10001", "False", "True", "False", "0" * 16, "1"]


def test_is_limited_in_processes_memory_and_processors(service: httpx.Client) -> None:  # noqa: ARG001
    container = engine.inspect(compose("ps", "--quiet", "service"))

    limits = {key: container["HostConfig"][key] for key in ("PidsLimit", "Memory", "NanoCpus")}
    assert limits == {"PidsLimit": 128, "Memory": 2 * 2**30, "NanoCpus": 2 * 10**9}
    assert container["Config"]["StopTimeout"] == 30


def test_what_is_trained_is_served_after_a_reload(service: httpx.Client) -> None:
    small = ("--epochs", "1", "--set", "data.validation_images=50", "--data-dir", "/data")
    data = f"{DATA}:/data:ro"

    fit = ("run", "--rm", "-T", "--volume", data, "training", "fit", "vae", *small)
    printed = compose(*fit)
    compose("kill", "--signal", "HUP", "service")

    assert printed == "model_repository/vae/2"
    until(lambda: service.get("/readyz").json()["models"] == {"ae": 1, "vae": 2})
    assert service.get("/grid?rows=1").headers["Atlas-Model-Version"] == "2"


def test_training_that_comes_first_leaves_the_embedded_models_there() -> None:
    compose("--profile", "training", "down", "--volumes")
    look = ("run", "--rm", "-T", "--entrypoint", "ls", "training", "/atlas/model_repository")

    assert compose(*look).split() == ["ae", "vae"]


def test_gpu_is_reserved_for_training_on_a_wheel_that_knows_it() -> None:
    files = ("--file", "compose.yaml", "--file", "docker/compose.gpu.yaml")

    shown = compose(*files, "--profile", "training", "config", "--format", "json")

    training = json.loads(shown)["services"]["training"]
    (device,) = training["deploy"]["resources"]["reservations"]["devices"]
    assert (device["driver"], device["capabilities"]) == ("nvidia", ["gpu"])
    assert "/cu" in training["build"]["args"]["TORCH_INDEX_URL"]
    assert training["read_only"] is True


def test_stopping_under_load_loses_no_request(report: Callable[[str], None]) -> None:
    compose(*UP)
    container = compose("ps", "--quiet", "service")

    with subprocess.Popen(
        ["docker", "run", "--rm", f"--network={engine.PROJECT}_default", "--entrypoint=python",
         engine.SERVICE_IMAGE, "-c", Path(load.__file__).read_text(), "service", "8000"],
        stdout=subprocess.PIPE, text=True,
    ) as clients:  # fmt: skip
        assert clients.stdout is not None
        assert clients.stdout.readline() == "loaded\n"
        engine.docker("stop", container)
        counts = load.Counts(**json.loads(clients.stdout.read()))

    state = engine.inspect(container)["State"]
    compose("down", "--volumes")
    report(f"SIGTERM under load: {counts}, exit code {state['ExitCode']}")
    assert (state["ExitCode"], counts.lost) == (0, [])
    assert counts.answered > 0
    assert counts.refused == load.CLIENTS
