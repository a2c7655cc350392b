"""`docker compose up` for real: built, started, asked, stopped. Needs an engine."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests import tiny

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
ADDRESS = "http://localhost:8000"


def compose(*arguments: str) -> subprocess.CompletedProcess[str]:
    """`docker compose` on the root's file, or a wrapper of it that takes the file first."""
    wrapper = os.environ.get("ATLAS_TEST_COMPOSE")
    command = [wrapper, "compose.yaml"] if wrapper else ["docker", "compose"]
    return subprocess.run(
        [*command, *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    )


@pytest.fixture(scope="module")
def composed() -> Iterator[httpx.Client]:
    """The composed service, ready on its documented port."""
    compose("up", "--detach", "--build", "--wait", "--wait-timeout", "120")
    with httpx.Client(base_url=ADDRESS) as client:
        yield client
    compose("down", "--volumes")


def test_composed_service_serves_both_embedded_models(composed: httpx.Client) -> None:
    assert set(composed.get("/readyz").json()["models"]) == {"ae", "vae"}
    for model in ("ae", "vae"):
        picture = tiny.read_levels(composed.get("/grid", params={"model": model}).content)
        assert picture.shape == (588, 588)


def test_plain_up_leaves_training_out(composed: httpx.Client) -> None:  # noqa: ARG001
    assert compose("ps", "--services").stdout.split() == ["service"]


def test_service_runs_with_no_rights_on_a_root_it_cannot_write(composed: httpx.Client) -> None:  # noqa: ARG001
    look = (
        "import os, re\n"
        "status = open('/proc/self/status').read()\n"
        "print(os.getuid(), os.access('/', os.W_OK), re.search(r'CapBnd:\\s*(\\w+)', status)[1])\n"
    )

    shown = compose("exec", "-T", "service", "python", "-c", look).stdout

    assert shown.split() == ["10001", "False", "0" * 16]


def test_service_image_is_as_small_as_the_cpu_wheel_makes_it(composed: httpx.Client) -> None:  # noqa: ARG001
    inspect = ["docker", "image", "inspect", "--format", "{{.Size}}", "latent-atlas-service"]

    size = int(subprocess.run(inspect, check=True, stdout=subprocess.PIPE).stdout)

    assert size < 1.25e9  # with a CUDA build of torch it would be 5 to 9 GB


def test_training_image_teaches_its_commands(composed: httpx.Client) -> None:  # noqa: ARG001
    shown = compose("run", "--rm", "--build", "training", "--help").stdout

    assert "fit" in shown
    assert "evaluate" in shown
