"""Offers of another protocol, which are ignored: the request is answered as if there were none."""

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server import connected, serve

BODY = b'{"latents": [[0, 0]]}'
# The body of another user's request, as a smuggler would write it.
REQUEST_AS_BODY = b"GET /models HTTP/1.1\r\nHost: localhost\r\n\r\n"
NEXT = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

OFFERS = {
    "Java's HttpClient": b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
    b"HTTP2-Settings: AAEAAEAAAAIAAAAAAAMAAAAAAAQBAAAAAAUAAEAAAAYABgAA\r\n",
    "TLS": b"Upgrade: TLS/1.2\r\nConnection: Upgrade\r\n",
    "WebSocket": b"Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    "several": b"connection: upgrade\r\nupgrade: h2c\r\nUPGRADE: foo/2, bar\r\n",
    "not named in Connection": b"Upgrade: h2c\r\n",
}


@pytest.fixture(scope="module")
def server(repository: Path) -> Iterator[str]:
    with serve(["-m", "service"], repository) as (address, _):
        yield address


def post(offer: bytes, body: bytes, is_chunked: bool = False) -> tuple[bytes, bytes]:
    """Head and framed body of a request to /decode."""
    head = b"POST /decode HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" + offer
    if not is_chunked:
        return head + b"Content-Length: %d\r\n\r\n" % len(body), body
    half = len(body) // 2
    chunks = [b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:half], body[half:])]
    return head + b"Transfer-Encoding: chunked\r\n\r\n", b"".join(chunks) + b"0\r\n\r\n"


def statuses(server: str, *pieces: bytes) -> list[int]:
    """The statuses of all answers to the pieces, each of which is sent alone."""
    with connected(server) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            connection.sendall(piece)
        answers = b"".join(iter(lambda: connection.recv(65536), b""))
    return [int(status) for status in re.findall(rb"HTTP/1.1 (\d{3}) ", answers)]


def byte_by_byte(content: bytes) -> list[bytes]:
    return [content[index : index + 1] for index in range(len(content))]


@pytest.mark.parametrize("offer", OFFERS)
@pytest.mark.parametrize("is_chunked", [False, True], ids=["length", "chunks"])
def test_offer_is_ignored_and_the_body_is_read(server: str, offer: str, is_chunked: bool) -> None:
    head, body = post(OFFERS[offer], BODY, is_chunked)
    whole = head + body

    assert statuses(server, whole, NEXT) == [200, 200]
    assert statuses(server, whole + NEXT) == [200, 200]
    assert statuses(server, head, body, NEXT) == [200, 200]
    assert statuses(server, *byte_by_byte(whole + NEXT)) == [200, 200]


@pytest.mark.parametrize("offer", OFFERS)
@pytest.mark.parametrize("is_chunked", [False, True], ids=["length", "chunks"])
def test_body_after_an_offer_is_never_taken_for_a_request(
    server: str, offer: str, is_chunked: bool
) -> None:
    head, body = post(OFFERS[offer], REQUEST_AS_BODY, is_chunked)

    for pieces in ([head + body, NEXT], [head, body, NEXT], byte_by_byte(head + body + NEXT)):
        assert statuses(server, *pieces) == [400, 200]  # not JSON; then the next


def test_pipelined_offers_are_answered_in_order(server: str) -> None:
    get = b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\n" + OFFERS["TLS"] + b"\r\n"
    requests = b"".join([get, *post(OFFERS["TLS"], BODY), get, *post(OFFERS["TLS"], BODY, True)])

    assert statuses(server, requests + NEXT) == [404, 200, 404, 200, 200]
    assert statuses(server, *byte_by_byte(requests + NEXT)) == [404, 200, 404, 200, 200]


def test_offer_of_http_1_0_is_ignored(server: str) -> None:
    offer = b"GET /livez HTTP/1.0\r\n" + OFFERS["TLS"] + b"\r\n"

    assert statuses(server, offer) == [200]


def test_offer_with_two_kinds_of_framing_is_refused(server: str) -> None:
    head, body = post(OFFERS["TLS"] + b"Content-Length: 3\r\n", BODY, is_chunked=True)

    assert statuses(server, head + body + NEXT) == [400]


def test_body_that_is_too_large_after_an_offer_is_refused(server: str) -> None:
    head = (
        b"POST /decode HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n" + OFFERS["TLS"]
    )

    assert statuses(server, head + b"\r\n") == [413]


@pytest.mark.parametrize("split", [False, True])
def test_tunnel_is_refused_with_what_follows(server: str, split: bool) -> None:
    connect = b"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n"

    pieces = [connect, NEXT] if split else [connect + NEXT]

    assert statuses(server, *pieces) == [501]


def test_broken_request_after_a_whole_one_does_not_answer_for_it(server: str) -> None:
    slow = b"GET /grid?rows=64&columns=64 HTTP/1.1\r\nHost: localhost\r\n\r\n"
    broken = b"POST /decode HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"

    assert statuses(server, slow + slow + broken) == [200, 200]
