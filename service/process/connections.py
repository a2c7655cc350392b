"""The open connections of a process: how long each may wait for its client, and how many may be."""

import contextlib
import heapq
import logging
from collections import Counter
from enum import StrEnum
from typing import Protocol

from service.serving.metrics import Metrics
from service.serving.unsent import Unsent
from service.settings import Settings

logger = logging.getLogger(__name__)

# Files other than connections that a process may open.
RESERVED_FILES = 128
# Finding the connections to close takes a look at all, so it closes several at once.
CLOSED_AT_ONCE = 1 / 16


class Phase(StrEnum):
    """What a connection waits for."""

    IDLE = "idle"  # its next request
    HEAD = "head"  # the rest of a head
    BODY = "body"  # the rest of a body
    SEND = "send"  # the client, to read an answer
    ANSWER = "answer"  # this process


class Connection(Protocol):
    """`since` is the time when it last made progress.

    `answer_bytes` is the size of a large answer that the kernel has not taken whole: it is in
    memory to its last byte. `unsent` and `held` are what was counted last.
    """

    since: int
    answer_bytes: int
    unsent: int
    held: int

    @property
    def phase(self) -> Phase: ...

    def unsent_bytes(self) -> int:
        """The bytes of answers that the kernel has not taken yet."""

    def end(self) -> None:
        """Close it in the way that its phase allows."""


class Connections:
    """Ends connections that make no progress, and the longest idle ones where there are too many.

    A timer for each request would cost more than the request's parsing. Instead `sweep` runs once
    a second and looks at all connections. `now` counts sweeps: this clock stops while the process
    does, so no client pays for a pause of the process.
    """

    def __init__(self, settings: Settings, unsent: Unsent, metrics: Metrics) -> None:
        self.now = 0
        self._open = set[Connection]()
        self._unsent = unsent
        self._metrics = metrics
        self._max_connections = min(settings.max_connections, _max_files())
        self._closed = Counter[str]()  # since the last sweep
        self._limits = {
            Phase.IDLE: settings.keep_alive_seconds,
            Phase.HEAD: settings.receive_timeout_seconds,
            Phase.BODY: settings.receive_timeout_seconds,
            Phase.SEND: settings.send_timeout_seconds,
        }

    def add(self, connection: Connection) -> bool:
        """Take a new connection in. False: there are too many, and none of them can be closed."""
        if len(self._open) >= self._max_connections:
            self._make_room()
        if len(self._open) >= self._max_connections:
            self._closed["refused"] += 1
            return False
        connection.since = self.now
        self._open.add(connection)
        return True

    def remove(self, connection: Connection) -> None:
        self._open.discard(connection)
        self._unsent.bytes -= connection.held
        connection.held = 0

    def count_unsent(self, connection: Connection) -> None:
        """Count what a connection holds now. Any change is progress."""
        if connection not in self._open:
            return
        unsent = connection.unsent_bytes()
        if unsent != connection.unsent:
            connection.since = self.now
            connection.unsent = unsent
        held = max(unsent, connection.answer_bytes)
        self._unsent.bytes += held - connection.held
        connection.held = held

    def sweep(self) -> None:
        """A second has passed: end what has waited too long, and report."""
        self.now += 1
        for connection in list(self._open):
            self.count_unsent(connection)
            phase = connection.phase
            if phase in self._limits and self.now - connection.since > self._limits[phase]:
                self._end(connection, phase)
        self._report()

    def _make_room(self) -> None:
        """Close the longest idle connections, after them those whose clients send nothing on."""
        order = (Phase.IDLE, Phase.HEAD, Phase.BODY)
        for connection in self._open:
            self.count_unsent(connection)
        waiting = (it for it in self._open if it.phase in order)
        count = max(1, int(self._max_connections * CLOSED_AT_ONCE))
        for connection in heapq.nsmallest(
            count, waiting, key=lambda it: (order.index(it.phase), it.since)
        ):
            self._end(connection, "crowded")

    def _end(self, connection: Connection, reason: str) -> None:
        self._closed[reason] += 1
        self.remove(connection)
        connection.end()

    def _report(self) -> None:
        closed, self._closed = self._closed, Counter()
        for reason, count in closed.items():
            self._metrics.closed_connections.labels(reason).inc(count)
        self._metrics.connections.set(len(self._open))
        self._metrics.unsent_bytes.set(self._unsent.bytes)
        if closed["send"]:
            logger.warning("closed %d connections that did not read an answer", closed["send"])
        if crowded := closed["crowded"] + closed["refused"]:
            most = self._max_connections
            text = "closed %d connections to stay within %d (ATLAS_MAX_CONNECTIONS, open files)"
            logger.warning(text, crowded, most)


def _max_files() -> int:
    """How many connections the limit on open files leaves room for, at least 1."""
    with contextlib.suppress(ImportError):  # Windows
        import resource

        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft != resource.RLIM_INFINITY:
            return max(1, soft - RESERVED_FILES)
    return 2**31
