"""Updates and rolls back a stack of `docker stack deploy` under load. Needs an engine."""

from collections.abc import Callable, Iterator

import pytest

from tests.docker import engine
from tests.docker.conftest import is_ready
from tests.docker.load import Load
from tests.server import until

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("images")]

Report = Callable[[str], None]
Address = tuple[str, int]  # host and port
SERVICE = f"{engine.PROJECT}_service"
FILES = [f"--compose-file=docker/compose{part}.yaml" for part in ("", ".front", ".swarm")]
BROKEN_IMAGE = "latent-atlas-broken"


@pytest.fixture(scope="module")
def swarm() -> Iterator[None]:
    """Starts a swarm of only this engine, unless the engine is already in one."""
    is_new = engine.docker("info", "--format", "{{.Swarm.LocalNodeState}}") != "active"
    if is_new:
        engine.docker("swarm", "init", "--advertise-addr", "127.0.0.1")
    yield
    if is_new:
        engine.docker("swarm", "leave", "--force")


@pytest.fixture(scope="module")
def front(swarm: None) -> Iterator[Address]:  # noqa: ARG001
    """Address of the front, with three healthy replicas behind it."""
    # Only some kernels can publish a port on all nodes. Every kernel can on its own node.
    deploy = ("stack", "deploy", "--resolve-image=never", *FILES, engine.PROJECT)
    engine.docker(*deploy, FRONT_PORT_MODE="host", FRONT_CONFIG=f"{engine.PROJECT}-front")
    until(lambda: running("service") == "3/3" and running("front") == "1/1", seconds=120)
    name = engine.docker("ps", "--quiet", "--filter", f"name={engine.PROJECT}_front")
    host, port = engine.address(name, 8080)
    until(lambda: is_ready(f"http://{host}:{port}"))
    yield host, port
    engine.docker("stack", "rm", engine.PROJECT)
    label = f"label=com.docker.stack.namespace={engine.PROJECT}"
    until(lambda: engine.docker("ps", "--all", "--quiet", "--filter", label) == "", seconds=60)
    until(lambda: engine.docker("network", "ls", "--quiet", "--filter", label) == "")
    engine.docker("volume", "rm", f"{engine.PROJECT}_models")


def running(name: str) -> str:
    """Running containers of a service, out of how many."""
    chosen = f"name={engine.PROJECT}_{name}"
    return engine.docker("service", "ls", "--filter", chosen, "--format", "{{.Replicas}}")


def update_state() -> str:
    """State of the last update."""
    return str(engine.inspect(SERVICE)["UpdateStatus"]["State"])


def update(*options: str) -> str:
    """Start an update of the service. Returns its state once it has settled."""
    engine.docker("service", "update", "--detach", "--no-resolve-image", *options, SERVICE)
    settled = ("completed", "paused", "rollback_completed", "rollback_paused")
    until(lambda: update_state() in settled, seconds=200)
    return update_state()


def test_update_loses_no_request(front: Address, report: Report) -> None:
    with Load(*front) as load:
        state = update("--force", "--update-monitor=1s")

    report(f"swarm: rolling update of three replicas, through the front: {load.counts}")
    assert (state, load.counts.lost, load.counts.refused) == ("completed", [], 0)


def test_update_to_a_broken_image_is_rolled_back_and_loses_no_request(
    front: Address, report: Report
) -> None:
    engine.run(
        "sh", "-c",
        f"printf 'FROM {engine.SERVICE_IMAGE}\\nENV ATLAS_MODEL_REPOSITORY=/nowhere\\n'"
        f" | docker build --quiet --tag {BROKEN_IMAGE} -",
    )  # fmt: skip

    with Load(*front) as load:
        state = update(f"--image={BROKEN_IMAGE}")

    engine.docker("image", "rm", "--force", BROKEN_IMAGE)
    report(f"swarm: update to a broken image, rolled back, through the front: {load.counts}")
    assert (state, load.counts.lost, load.counts.refused) == ("rollback_completed", [], 0)
    assert running("service") == "3/3"
