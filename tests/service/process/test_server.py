"""How the real server ends, and what it says to what is not HTTP."""

import itertools
import json
import os
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests import tiny
from tests.docker.load import CLIENTS, Load
from tests.server import figure, serve, until

# And work for it that takes a second and more, so that others come while it is taken.
ONE_PLACE = {
    "ATLAS_INFERENCE_PLACES": "1",
    "ATLAS_MAX_TILES": str(256**2),
    "ATLAS_MAX_OUTPUT_PIXELS": str((256 * 28) ** 2),
}
NUMBERS = itertools.count()


def slow_grid(side: int = 128) -> str:
    """A query that nobody has asked before, of some hundred milliseconds, at 256 of a second."""
    return f"/grid?rows={side}&columns={side}&x_min={-4 - next(NUMBERS)}"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_the_server_quietly(repository: Path, number: signal.Signals) -> None:
    log = list[str]()

    with serve(["-m", "service"], repository, log=log) as (_, process):
        process.send_signal(number)

        assert process.wait(timeout=20) == 0
    assert all(json.loads(line)["level"] == "info" for line in log)


def test_terminated_server_answers_what_it_has_taken_and_is_not_ready(repository: Path) -> None:
    environment = os.environ | ONE_PLACE

    with (
        serve(["-m", "service"], repository, environment=environment) as (address, process),
        httpx.Client(base_url=address) as prober,
        ThreadPoolExecutor(4) as clients,
    ):
        assert prober.get("/readyz").status_code == 200
        first = clients.submit(httpx.get, address + slow_grid(256), timeout=60)
        until(lambda: figure(address, "atlas_inference_running") == 1)
        waiting = [clients.submit(httpx.get, address + slow_grid(), timeout=60) for _ in range(3)]
        until(lambda: figure(address, "atlas_inference_waiting") == 3)
        process.send_signal(signal.SIGTERM)
        ready = prober.get("/readyz")  # on the connection from before

        assert (ready.status_code, ready.headers["connection"]) == (503, "close")
        answers = [client.result() for client in (first, *waiting)]
        assert {answer.status_code for answer in answers} == {200}
        sides = [tiny.read_levels(answer.content).shape[0] for answer in answers]
        assert sides == [256 * 28, *(3 * [128 * 28])]
        assert process.wait(timeout=20) == 0


@pytest.mark.parametrize("workers", [1, 2])
def test_end_under_load_loses_no_request(workers: int) -> None:
    with serve(["-m", "service"], None, workers=workers) as (address, process):
        host = urlsplit(address)
        with Load(str(host.hostname), int(host.port or 0)) as load:
            process.send_signal(signal.SIGTERM)
            load.join()

        assert load.counts.lost == []
        assert load.counts.refused == CLIENTS
        assert process.wait(timeout=20) == 0


def test_end_of_the_grace_answers_503_and_ends_with_0(repository: Path) -> None:
    environment = os.environ | ONE_PLACE | {"ATLAS_SHUTDOWN_GRACE_SECONDS": "0"}

    with (
        serve(["-m", "service"], repository, environment=environment) as (address, process),
        ThreadPoolExecutor(4) as clients,
    ):
        accepted = [
            clients.submit(httpx.get, address + slow_grid(256), timeout=60) for _ in range(4)
        ]
        until(lambda: figure(address, "atlas_inference_waiting") == 3)
        process.send_signal(signal.SIGTERM)

        answers = [client.result() for client in accepted]
        assert answers[-1].headers["content-type"] in ("application/problem+json", "image/png")
        assert 503 in {answer.status_code for answer in answers} <= {200, 503}
        assert process.wait(timeout=20) == 0


@pytest.fixture(scope="module")
def address(repository: Path) -> Iterator[str]:
    """A server that nobody stops."""
    with serve(["-m", "service"], repository) as (found, _):
        yield found


@contextmanager
def connected(address: str) -> Iterator[socket.socket]:
    """A bare connection to the server."""
    host = urlsplit(address)
    with socket.create_connection((host.hostname, host.port), timeout=20) as connection:
        yield connection


def read_to_end(connection: socket.socket) -> bytes:
    """All that the server sends until it closes."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


BROKEN_CHUNK = (
    b"POST /decode HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"
)


@pytest.mark.parametrize(
    "garbage",
    [b"\x16\x03\x01\r\n\r\n", b"GET\r\n\r\n", b"GET \xff HTTP/1.1\r\n\r\n", BROKEN_CHUNK],
    ids=["TLS", "no path", "no URL", "broken chunk"],
)
def test_what_is_not_http_is_a_problem(address: str, garbage: bytes) -> None:
    with connected(address) as connection:
        connection.sendall(garbage)
        head, _, body = read_to_end(connection).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"content-type: application/problem+json" in head
    assert json.loads(body)["status"] == 400


def test_request_before_the_garbage_gets_its_own_answer(address: str) -> None:
    with connected(address) as connection:
        connection.sendall(b"GET /grid?rows=64 HTTP/1.1\r\nHost: a\r\n\r\n\x16\x03\r\n\r\n")
        answer = read_to_end(connection)

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.count(b"HTTP/1.1") == 1


def test_pipelined_requests_are_answered_in_order(address: str) -> None:
    paths = ["/grid", "/livez", "/nowhere", "/models/vae", "/livez"]
    requests = [f"GET {path} HTTP/1.1\r\nHost: a\r\nX-Request-ID: {path[1:6]}" for path in paths]
    requests[-1] += "\r\nConnection: close"

    with connected(address) as connection:
        connection.sendall("".join(f"{request}\r\n\r\n" for request in requests).encode())
        heads = [part for part in read_to_end(connection).split(b"\r\n") if b"x-request-id" in part]

    assert [head.decode() for head in heads] == [f"x-request-id: {path[1:6]}" for path in paths]
