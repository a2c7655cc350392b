"""Clients of the real server that send half a request, or read half an answer or none."""

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.server import connected, figure, serve, until
from tests.service.slow_work import ONE_PLACE, slow_grid

pytestmark = pytest.mark.slow

MANY = 8
HALVES = {
    "head": b"GET /livez HTTP/1.1\r\nHost: a",
    "body": b"POST /decode HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: 100\r\n\r\n{",
}


@pytest.fixture(scope="module")
def server(repository: Path) -> Iterator[str]:
    """A server that waits a second for its clients, and holds little."""
    limits = {
        "ATLAS_KEEP_ALIVE_SECONDS": "1",
        "ATLAS_RECEIVE_TIMEOUT_SECONDS": "1",
        "ATLAS_SEND_TIMEOUT_SECONDS": "3",
        "ATLAS_MAX_UNSENT_BYTES": "1000000",
        "ATLAS_MAX_CONNECTIONS": "64",
    }
    environment = os.environ | ONE_PLACE | limits
    with serve(["-m", "service"], repository, environment=environment) as (address, _):
        yield address


def get(target: str) -> bytes:
    return f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def closed(server: str, reason: str) -> float:
    return figure(server, "atlas_connections_closed_total", reason=reason)


@pytest.mark.parametrize("half", HALVES)
def test_half_a_request_gets_408(server: str, half: str) -> None:
    with connected(server) as connection:
        connection.sendall(HALVES[half])
        answer = b"".join(iter(lambda: connection.recv(65536), b""))

    assert answer.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert b"application/problem+json" in answer
    until(lambda: closed(server, half) == 1)


def test_half_a_request_behind_a_whole_one_gets_408_after_its_answer(server: str) -> None:
    with connected(server) as connection:
        connection.sendall(get("/livez") + HALVES["head"])
        answer = b"".join(iter(lambda: connection.recv(65536), b""))

    assert [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]] == [b"200", b"408"]


@pytest.mark.parametrize("request_before", [b"", get("/livez"), get("/livez") + b"\r\n"])
def test_idle_connection_is_closed_without_a_word(server: str, request_before: bytes) -> None:
    with connected(server) as connection:
        connection.sendall(request_before)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))

    assert answer.count(b"HTTP/1.1") == request_before.count(b"HTTP/1.1")


def test_more_connections_than_there_may_be_close_the_idle_ones(server: str) -> None:
    before = closed(server, "crowded")
    with ExitStack() as stack:
        for _ in range(70):
            stack.enter_context(connected(server))

        assert httpx.get(f"{server}/livez").status_code == 200
        until(lambda: closed(server, "crowded") > before)


def leave_unread(server: str, stack: ExitStack, requests: bytes) -> socket.socket:
    connection = stack.enter_context(connected(server))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.sendall(requests)
    return connection


def test_answers_that_nobody_reads_hold_back_others_and_are_cut(server: str) -> None:
    target = slow_grid(256)
    with ExitStack() as stack:
        leave_unread(server, stack, b"".join([get(target)] * MANY))
        until(lambda: figure(server, "atlas_unsent_bytes") > 1_000_000)

        refused = httpx.get(server + slow_grid(8))
        others = [httpx.get(server + path).status_code for path in ("/livez", "/metrics")]
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert "read" in refused.json()["detail"]
        assert others == [200, 200]

        until(lambda: closed(server, "send") == 1)
        until(lambda: figure(server, "atlas_unsent_bytes") == 0)
    assert httpx.get(server + slow_grid(8)).status_code == 200
    # The requests behind the first were never answered.
    assert figure(server, "atlas_requests_total", route="/grid", status="200") <= 2


def test_pipelined_answers_wait_until_the_client_has_read_those_before(server: str) -> None:
    target = slow_grid(256)
    one = httpx.get(server + target, timeout=60).content
    with connected(server) as connection:
        last = get(target).replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        connection.sendall(get(target) * 2 + last)
        answers = b"".join(iter(lambda: connection.recv(2**20), b""))

    assert answers.count(one) == 3
