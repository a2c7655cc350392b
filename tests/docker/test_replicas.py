"""Kills, stops and updates three replicas behind the front under load. Needs an engine."""

import json
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from http.client import HTTPResponse

import httpx
import pytest

from tests.docker import engine
from tests.docker.conftest import is_ready
from tests.docker.load import LARGE, REQUESTS, Load, Request
from tests.server import until

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("images")]

Report = Callable[[str], None]
Address = tuple[str, int]  # host and port
JSON = "application/json"
MORE_UPLOADS_THAN_A_CLIENT_MAY_HAVE = 30
UP = ("up", "--detach", "--no-build", "--wait", "--wait-timeout", "120", "--scale", "service=3")


@pytest.fixture(scope="module")
def front() -> Iterator[Address]:
    """Address of the front, with three ready replicas behind it."""
    compose("down", "--volumes")
    compose(*UP)
    host, port = engine.address(compose("ps", "--quiet", "front"), 8080)
    until(lambda: is_ready(f"http://{host}:{port}"))
    yield host, port
    compose("down", "--volumes")


def compose(*arguments: str) -> str:
    """Run `docker compose` with the file of replicas."""
    return engine.docker("compose", "--file", "compose.replicas.yaml", *arguments)


def replicas() -> list[str]:
    """Ids of the running containers."""
    return compose("ps", "--quiet", "service").split()


def replace(container: str) -> None:
    """Replace one replica by a new one, as each step of an update does."""
    engine.docker("stop", container)
    engine.docker("rm", container)
    compose(*UP, "--no-recreate")


def test_front_answers_as_a_replica_does(front: Address) -> None:
    host, port = front
    with httpx.Client(base_url=f"http://{host}:{port}") as client:
        grid = client.get("/grid")
        too_large = client.post("/decode", content=bytes(9 * 2**20))
        unknown = client.get("/nowhere")

    assert grid.headers["Content-Type"] == "image/png"
    assert (too_large.status_code, unknown.status_code) == (413, 404)
    assert too_large.headers["Content-Type"] == "application/problem+json"
    assert unknown.json()["status"] == 404


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"POST /decode HTTP/1.1\r\nHost: a\r\nContent-Length: 8388609\r\n\r\n", 413),
        (b"GET /%s HTTP/1.1\r\nHost: a\r\n\r\n" % (b"a" * 9000), 414),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX-A: %s\r\n\r\n" % (b"a" * 9000), 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"\x16\x03\x01\r\n\r\n", 400),
        (b"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        (b"GET /front-problem HTTP/1.1\r\nHost: a\r\n\r\n", 404),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
    ],
)
def test_what_the_front_itself_refuses_is_a_problem(
    front: Address, request_bytes: bytes, status: int
) -> None:
    with socket.create_connection(front, timeout=20) as connection:
        connection.sendall(request_bytes)
        answer = HTTPResponse(connection)
        answer.begin()

        assert answer.status == status
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert json.loads(answer.read())["status"] == status


def test_uploads_that_are_left_open_do_not_keep_others_from_theirs(front: Address) -> None:
    host, port = front
    head = b"POST /encode HTTP/1.1\r\nHost: a\r\nContent-Length: 8388608\r\n\r\n"
    with ExitStack() as left_open:
        refused = 0
        for _ in range(MORE_UPLOADS_THAN_A_CLIENT_MAY_HAVE):
            upload = left_open.enter_context(socket.create_connection(front, timeout=20))
            upload.sendall(head + bytes(8_000_000))
            upload.settimeout(0.1)
            with suppress(TimeoutError):
                refused += b" 503 " in upload.recv(1000)

        body = b'{"latents": [[0, 0]]}'.ljust(40_000)
        answer = httpx.post(
            f"http://{host}:{port}/decode", content=body, headers={"Content-Type": JSON}
        )

    assert refused > 0
    assert answer.status_code == 200


def test_front_has_no_rights_on_a_root_it_cannot_write(front: Address) -> None:  # noqa: ARG001
    host = engine.inspect(compose("ps", "--quiet", "front"))["HostConfig"]

    assert (host["ReadonlyRootfs"], host["CapDrop"]) == (True, ["ALL"])


def test_load_is_spread_over_all_replicas(front: Address) -> None:
    with Load(*front) as load:
        pass

    logs = [engine.run("sh", "-c", f"docker logs {name} 2>&1") for name in replicas()]
    assert load.counts.lost == []
    lines = [[json.loads(it) for it in log.splitlines() if it.startswith("{")] for log in logs]
    assert min(sum(line.get("route") == "/grid" for line in log) for log in lines) > 0


@pytest.mark.parametrize("requests", [REQUESTS, [LARGE]], ids=["all kinds", "large answers"])
def test_killing_a_replica_loses_no_request(
    front: Address, report: Report, requests: Sequence[Request]
) -> None:
    with Load(*front, requests) as load:
        engine.docker("kill", replicas()[0])
        until(lambda: len(replicas()) == 2)
        compose(*UP, "--no-recreate")

    report(f"one of three replicas killed and replaced, through the front: {load.counts}")
    assert (load.counts.lost, load.counts.refused) == ([], 0)


def test_stopping_a_replica_loses_no_request(front: Address, report: Report) -> None:
    with Load(*front) as load:
        engine.docker("stop", replicas()[0])

    report(f"one of three replicas stopped, through the front: {load.counts}")
    assert (load.counts.lost, load.counts.refused) == ([], 0)
    compose(*UP, "--no-recreate")


def test_updating_all_replicas_loses_no_request(front: Address, report: Report) -> None:
    before = replicas()

    with Load(*front) as load:
        for container in before:
            replace(container)

    report(f"three of three replicas replaced in turn, through the front: {load.counts}")
    assert (load.counts.lost, load.counts.refused) == ([], 0)
    assert len(replicas()) == 3
    assert not set(before) & set(replicas())


def test_without_any_replica_the_front_answers_with_a_problem(front: Address) -> None:
    host, port = front
    compose("stop", "service")

    answer = httpx.get(f"http://{host}:{port}/grid", timeout=60)

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert answer.json()["detail"] == "no replica answers"
