"""Connections that ask for a long answer and never read it: how much memory they hold, how long."""

import socket
from contextlib import ExitStack
from dataclasses import dataclass
from time import monotonic, sleep
from urllib.parse import urlsplit

import psutil

from tests.benchmarks.works import Request
from tests.memory import resident_bytes

LOOKS = (1, 2, 5, 10, 20, 30, 45, 60, 90, 120)  # seconds after the requests are sent
BUFFER_BYTES = 4096  # of what the kernel takes for a client that does not read


@dataclass(frozen=True)
class Look:
    """What unread answers hold after some seconds."""

    seconds: int
    memory: int
    connections: int


def hold(
    address: str, pid: int, request: Request, connections: int, seconds: float
) -> tuple[int, list[Look]]:
    """Send the request on so many connections. Returns the bytes sent, and a look now and then."""
    before = resident_bytes(pid)
    message = _message(request)
    with ExitStack() as stack:
        for _ in range(connections):
            connection = stack.enter_context(socket.socket())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
            connection.connect((urlsplit(address).hostname, urlsplit(address).port))
            connection.sendall(message)
        started, looks = monotonic(), list[Look]()
        for look in (look for look in LOOKS if look <= seconds):
            sleep(max(0.0, started + look - monotonic()))
            held = resident_bytes(pid) - before
            looks.append(Look(look, held, _established(pid)))
    return connections * len(message), looks


def _message(request: Request) -> bytes:
    body = request.body or b""
    fields = {"Host": "localhost", "Content-Length": str(len(body)), **request.headers}
    lines = [f"{request.method} {request.path} HTTP/1.1", *(f"{k}: {v}" for k, v in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


def _established(pid: int) -> int:
    """Connections to the process that are still open."""
    found = psutil.Process(pid).net_connections("tcp")
    return sum(connection.status == psutil.CONN_ESTABLISHED for connection in found)
