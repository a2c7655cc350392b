"""Closed-loop clients that compare each answer with the first one and count the outcomes.

It uses only the standard library, since it also runs in a container: `python -c SOURCE HOST PORT`.
"""

import json
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from itertools import count
from typing import Self

CLIENTS = 4
ANSWERS_BEFORE = 200  # after these the load counts as running
TIMEOUT_SECONDS = 30
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Request:
    """One request, and the answer it must always get."""

    method: str
    path: str
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def send(self, connection: HTTPConnection) -> tuple[int, bytes]:
        """Returns status and body of the answer."""
        connection.request(self.method, self.path, self.body, dict(self.headers))
        answer = connection.getresponse()
        return answer.status, answer.read()


LARGE = Request("GET", "/grid?model=ae&rows=60&columns=60")  # 1.4 MB
REQUESTS = (
    Request("GET", "/grid?rows=9&columns=9"),
    LARGE,
    Request("POST", "/decode/pixels", b'{"latents": [[0, 0], [1.5, -2]]}', JSON),
    Request("POST", "/encode/pixels", json.dumps({"images": [[[0.5] * 28] * 28]}).encode(), JSON),
)


@dataclass
class Counts:
    """Outcomes of the requests sent. A refused connection carries no request."""

    answered: int = 0
    refused: int = 0
    lost: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        sent = self.answered + len(self.lost)
        return f"{sent} sent, {self.answered} answered, {len(self.lost)} lost"


class Load:
    """Clients that send request after request on kept connections while the `with` block runs.

    A client stops at its first refused connection.
    """

    def __init__(self, host: str, port: int, requests: Sequence[Request] = REQUESTS) -> None:
        """Send each request once, to have its answer for the comparison."""
        self.counts = Counts()
        self._requests = requests
        self._host, self._port = host, port
        with closing(self._connection()) as connection:
            self._expected = [request.send(connection) for request in requests]
        self._is_over = threading.Event()
        self._is_warm = threading.Semaphore(0)
        self._lock = threading.Lock()
        self._clients = [threading.Thread(target=self._run, args=(n,)) for n in range(CLIENTS)]

    def __enter__(self) -> Self:
        """Start the clients. Returns once the load has run for a while."""
        for client in self._clients:
            client.start()
        for _ in range(ANSWERS_BEFORE):
            self._is_warm.acquire(timeout=TIMEOUT_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self.join()

    def join(self) -> None:
        for client in self._clients:
            client.join()

    def _connection(self) -> HTTPConnection:
        return HTTPConnection(self._host, self._port, timeout=TIMEOUT_SECONDS)

    def _run(self, first: int) -> None:
        connection = self._connection()
        for turn in count(first):
            if self._is_over.is_set() or not self._is_connected(connection):
                break
            outcome = self._ask(connection, turn % len(self._requests))
            with self._lock:
                self.counts.answered += outcome is None
                self.counts.lost += [] if outcome is None else [outcome]
            self._is_warm.release()
        connection.close()

    def _is_connected(self, connection: HTTPConnection) -> bool:
        try:
            if connection.sock is None:
                connection.connect()
        except OSError:
            with self._lock:
                self.counts.refused += 1
            return False
        return True

    def _ask(self, connection: HTTPConnection, index: int) -> str | None:
        """Returns None for the right answer, otherwise what came instead."""
        try:
            answer = self._requests[index].send(connection)
        except (OSError, HTTPException) as exc:
            connection.close()
            return repr(exc)
        return None if answer == self._expected[index] else f"{answer[0]} {answer[1][:200]!r}"


def main(host: str, port: str) -> None:
    """Report when the load runs, continue until connections are refused, print counts as JSON."""
    with Load(host, int(port)) as load:
        sys.stdout.write("loaded\n")
        sys.stdout.flush()
        load.join()
    sys.stdout.write(json.dumps(vars(load.counts)) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
