"""Sends the real server bytes that no HTTP library would send."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.server import connected, serve

POST = b"POST /decode HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


GET = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"


BODY = b'{"latents": [[0, 0]]}'


NOISE = bytes(range(256)) * 40


REFUSED = (400, 404, 405, 411, 413, 414, 422, 431, 505, None)  # None: closed without an answer


@pytest.fixture(scope="module")
def server(repository: Path) -> Iterator[str]:
    """Address of one server for all cases."""
    with serve(["-m", "service"], repository) as (address, process):
        yield address
        assert process.poll() is None


def exchange(server: str, *pieces: bytes, ends: bool = True) -> int | None:
    """Send the parts one after another. Returns the answer's status; None if there is no answer."""
    with connected(server) as connection:
        answer = b""
        try:
            for piece in pieces:
                connection.sendall(piece)
            if ends:
                connection.shutdown(socket.SHUT_WR)
            while not answer.endswith(b"\r\n\r\n") and (more := connection.recv(1)):
                answer += more
        except OSError:
            pass  # the server has closed the connection
    return int(answer.split()[1]) if answer else None


def length(value: bytes) -> bytes:
    return POST + b"Content-Length: " + value + b"\r\n\r\n" + BODY


def chunked(body: bytes) -> bytes:
    return POST + b"Transfer-Encoding: chunked\r\n\r\n" + body


HOSTILE = {
    "noise": NOISE,
    "TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + NOISE,
    "only line ends": b"\r\n" * 1000,
    "unknown method": GET.replace(b"GET", b"BREW") + b"\r\n",
    "unknown version": GET.replace(b"1.1", b"7.5") + b"\r\n",
    "preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "half a request line": b"GET /liv",
    "half of the headers": GET + b"X-Half: a",
    "half of the body": length(b"%d" % (len(BODY) + 50)),
    "header without a colon": GET + b"colourless\r\n\r\n",
    "NUL in a header": GET + b"X: a\0b\r\n\r\n",
    "no Host": b"GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n",
    "two Hosts": GET + b"Host: localhost\r\n\r\n",
    "two Hosts in HTTP/1.0": b"GET /livez HTTP/1.0\r\nHost: localhost\r\nHost: b\r\n\r\n",
    "empty Host": b"GET /livez HTTP/1.1\r\nHost:\r\n\r\n",
    "Host with a path": b"GET /livez HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "Host with a user": b"GET /livez HTTP/1.1\r\nHost: a@b\r\n\r\n",
    "Host of two hosts": b"GET /livez HTTP/1.1\r\nHost: a b\r\n\r\n",
    "Host beyond ASCII": b"GET /livez HTTP/1.1\r\nHost: \xc3\xa4\r\n\r\n",
    "Host with a port in words": b"GET /livez HTTP/1.1\r\nHost: a:http\r\n\r\n",
    "HTTP/0.9": b"GET /livez HTTP/0.9\r\nHost: localhost\r\n\r\n",
    "HTTP/0.9 without a version": b"GET /livez\r\n\r\n",
    "HTTP/1.2": b"GET /livez HTTP/1.2\r\nHost: localhost\r\n\r\n",
    "HTTP/2.0": b"GET /livez HTTP/2.0\r\nHost: localhost\r\n\r\n",
    "space in the target": b"GET /li vez HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "target that is no path": b"GET nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "target beyond ASCII": b"GET /\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "huge header": GET + b"X: " + b"a" * 2**20 + b"\r\n\r\n",
    "many headers": GET + b"X: a\r\n" * 200_000 + b"\r\n",
    "huge target": b"GET /" + b"a" * 2**20 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "negative length": length(b"-1"),
    "length in words": length(b"many"),
    "length with a sign": length(b"+21"),
    "length in hexadecimal": length(b"0x15"),
    "length beyond 64 bits": length(b"9" * 40),
    "length beyond int's digits": length(b"9" * 5000),
    "two different lengths": length(b"21\r\nContent-Length: 22"),
    "two lengths in one": length(b"21, 22"),
    "length longer than the body": length(b"22"),
    "length shorter than the body": length(b"20"),
    "length and chunks": POST
    + b"Content-Length: 21\r\nTransfer-Encoding: chunked\r\n\r\n15\r\n"
    + BODY
    + b"\r\n0\r\n\r\n",
    "chunk size of noise": chunked(b"zz\r\n" + BODY),
    "negative chunk size": chunked(b"-5\r\n" + BODY),
    "chunk size beyond 64 bits": chunked(b"f" * 40 + b"\r\n" + BODY),
    "chunk longer than declared": chunked(b"5\r\n" + BODY + b"\r\n0\r\n\r\n"),
    "chunks without an end": chunked(b"15\r\n" + BODY + b"\r\n"),
    "endless chunk extension": chunked(b"15;" + b"e" * 2**20 + b"\r\n" + BODY),
    "endless trailers": chunked(b"15\r\n" + BODY + b"\r\n0\r\n" + b"X: a\r\n" * 200_000),
    "transfer coding that is not known": POST + b"Transfer-Encoding: gzip\r\n\r\n" + BODY,
    "body that is not JSON": POST + b"Content-Length: 4\r\n\r\n\0\1\2\3",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bytes_are_refused_and_others_are_served(server: str, name: str) -> None:
    assert exchange(server, HOSTILE[name]) in REFUSED

    assert httpx.get(f"{server}/livez").status_code == 200


def test_body_in_many_small_pieces_is_read(server: str) -> None:
    head = POST + b"Content-Length: %d\r\n\r\n" % len(BODY)

    pieces = [bytes([byte]) for byte in head + BODY]

    assert exchange(server, *pieces, ends=False) == 200


def test_others_are_served_while_requests_stand_half_sent(server: str) -> None:
    with ExitStack() as waiting:
        for number in range(50):
            connection = waiting.enter_context(connected(server))
            connection.sendall(length(b"1000") if number % 2 else b"GET /li")

        answers = [httpx.get(f"{server}/grid?rows=2").status_code for _ in range(5)]

    assert answers == [200] * 5


@pytest.mark.parametrize("path", ["/livez", "/grid?rows=1", "/models"])
def test_http_1_0_is_answered_and_closed(server: str, path: str) -> None:
    assert exchange(server, f"GET {path} HTTP/1.0\r\n\r\n".encode(), ends=False) == 200


HOSTS = ("a", "a.example:80", "127.0.0.1:8000", "[::1]:8000", "my_service", "a:", "a \t", "A%20")


@pytest.mark.parametrize("host", HOSTS)
def test_host_of_any_right_form_is_http(server: str, host: str) -> None:
    request = f"GET /livez HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()

    # 421: on loopback the service answers for few hosts.
    assert exchange(server, request, ends=False) in (200, 421)


@pytest.mark.parametrize(
    ("line", "status"),
    [("HTTP/2.0", 505), ("HTTP/0.9", 505), ("HTTP/1.1", 400), ("HTTP/1.0", 200)],
)
def test_head_without_a_host_or_of_another_version(server: str, line: str, status: int) -> None:
    assert exchange(server, f"GET /livez {line}\r\n\r\n".encode(), ends=False) == status


def test_client_that_waits_for_100_continue_gets_it(server: str) -> None:
    with connected(server) as connection:
        connection.sendall(POST + b"Expect: 100-continue\r\nContent-Length: 21\r\n\r\n")
        interim = connection.recv(65536)
        connection.sendall(BODY)
        answer = connection.recv(65536)

    assert interim.startswith(b"HTTP/1.1 100")
    assert answer.startswith(b"HTTP/1.1 200")


def test_client_that_waits_with_too_large_a_body_is_refused_before_it_sends(server: str) -> None:
    head = POST + b"Expect: 100-continue\r\nContent-Length: 99999999\r\n\r\n"

    assert exchange(server, head, ends=False) == 413


def read_to_end(connection: socket.socket) -> bytes:
    """Everything that the server sends until it closes."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


BROKEN_CHUNK = (
    b"POST /decode HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"
)


@pytest.mark.parametrize(
    "garbage",
    [b"\x16\x03\x01\r\n\r\n", b"GET\r\n\r\n", b"GET \xff HTTP/1.1\r\n\r\n", BROKEN_CHUNK],
    ids=["TLS", "no path", "no URL", "broken chunk"],
)
def test_what_is_not_http_is_a_problem(server: str, garbage: bytes) -> None:
    with connected(server) as connection:
        connection.sendall(garbage)
        head, _, body = read_to_end(connection).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"content-type: application/problem+json" in head
    assert json.loads(body)["status"] == 400


def test_request_before_the_garbage_gets_its_own_answer(server: str) -> None:
    with connected(server) as connection:
        connection.sendall(b"GET /grid?rows=64 HTTP/1.1\r\nHost: localhost\r\n\r\n\x16\x03\r\n\r\n")
        answer = read_to_end(connection)

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.count(b"HTTP/1.1") == 1


def test_pipelined_requests_are_answered_in_order(server: str) -> None:
    paths = ["/grid", "/livez", "/nowhere", "/models/vae", "/livez"]
    requests = [
        f"GET {path} HTTP/1.1\r\nHost: localhost\r\nX-Request-ID: {path[1:6]}" for path in paths
    ]
    requests[-1] += "\r\nConnection: close"

    with connected(server) as connection:
        connection.sendall("".join(f"{request}\r\n\r\n" for request in requests).encode())
        heads = [part for part in read_to_end(connection).split(b"\r\n") if b"x-request-id" in part]

    assert [head.decode() for head in heads] == [f"x-request-id: {path[1:6]}" for path in paths]
