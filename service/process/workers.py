"""Several processes on one port: started, told of signals, replaced when they die.

Python runs one thread of Python at a time, and small requests are mostly Python: so one process
uses one CPU. The kernel spreads connections over the workers (SO_REUSEPORT); none of them listens
before its models are loaded. This process does nothing else, and knows neither torch nor the app.
"""

import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from types import FrameType

from prometheus_client.multiprocess import mark_process_dead

from service.process.cpus import available_cpus
from service.settings import Settings

logger = logging.getLogger(__name__)

MOST_BY_DEFAULT = 4
METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # prometheus_client's name for it
SHARED_MEMORY = "/dev/shm"  # where containers that cannot write elsewhere still can
SERVING = b"1"  # what a worker writes to its standard input once it listens


def worker_count(settings: Settings) -> int:
    """How many processes serve: as set, otherwise one a CPU up to MOST_BY_DEFAULT."""
    if settings.workers is not None:
        return settings.workers
    can_share = hasattr(socket, "SO_REUSEPORT") and sys.platform == "linux"
    return min(available_cpus(), MOST_BY_DEFAULT) if can_share else 1


def shared_socket(host: str, port: int) -> socket.socket:
    """A socket on an address that other processes bind too; it does not listen yet."""
    return _bound(host, port, is_shared=True)


class Workers:
    """The processes that serve, from start to end."""

    def __init__(self, settings: Settings, count: int) -> None:
        self._settings = settings
        self._count = count
        self._started = dict[int, tuple[subprocess.Popen[bytes], socket.socket]]()
        self._is_leaving = False

    def run(self) -> int:
        """Serve until SIGTERM or SIGINT; the exit code, 0 if every worker ended well.

        Raises OSError where the address cannot be bound.
        """
        _require_free(self._settings.host, self._settings.port)
        with (
            shared_socket(self._settings.host, self._settings.port) as reserved,
            _temporary_folder() as metrics_folder,
            self._signals(),
        ):
            port = reserved.getsockname()[1]
            environment = {
                **os.environ,
                "ATLAS_PORT": str(port),
                "ATLAS_WORKERS": str(self._count),
                METRICS_FOLDER: metrics_folder,
            }
            host = f"[{self._settings.host}]" if ":" in self._settings.host else self._settings.host
            logger.info("%d workers serve on http://%s:%d", self._count, host, port)
            for _ in range(self._count):
                self._start(environment)
            return self._watch(environment)

    def _start(self, environment: dict[str, str]) -> None:
        # A reload that is asked for before the worker listens to signals waits until it does.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
        # A worker whose standard input ends has lost this process, and ends too.
        line, standard_input = socket.socketpair()
        with standard_input:
            worker = subprocess.Popen(
                [sys.executable, "-m", "service.worker"],
                env=environment,
                stdin=standard_input.fileno(),
            )
        self._started[worker.pid] = (worker, line)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
        if self._is_leaving:  # told so before this one could be told
            self._leave()

    def _watch(self, environment: dict[str, str]) -> int:
        exit_code = 0
        while self._started:
            pid, status = os.waitpid(-1, 0)
            if pid not in self._started:  # as process 1 of a container, any orphan
                continue
            worker, line = self._started.pop(pid)
            worker.returncode = os.waitstatus_to_exitcode(status)
            with line:
                has_served = line.recv(1) == SERVING
            mark_process_dead(pid, environment[METRICS_FOLDER])  # type: ignore[no-untyped-call]
            if self._is_leaving:  # one that had no time to listen to signals ends by this one
                ended_well = worker.returncode in (0, -signal.SIGTERM)
                exit_code = exit_code or (0 if ended_well else worker.returncode)
            elif not has_served:  # another one would fare no better
                logger.error("a worker ended with %d as it started", worker.returncode)
                exit_code = worker.returncode or 1
                self._leave()
            else:
                logger.error("a worker ended with %d: another takes its place", worker.returncode)
                self._start(environment)
        return exit_code if exit_code >= 0 else 1

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """Pass signals on: the end to all, a reload to all, each of whom knows what to do."""

        def leave(_: int, __: FrameType | None) -> None:
            self._leave()

        def reload(_: int, __: FrameType | None) -> None:
            self._send(signal.SIGHUP)

        handlers = {signal.SIGTERM: leave, signal.SIGINT: leave, signal.SIGHUP: reload}
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _leave(self) -> None:
        self._is_leaving = True
        self._send(signal.SIGTERM)

    def _send(self, number: signal.Signals) -> None:
        # Not Popen's own: it would take the end of a worker from `_watch`, which waits for it.
        for pid in list(self._started):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


def _require_free(host: str, port: int) -> None:
    """Refuse an address that is served already, which sharing it would hide."""
    with _bound(host, port, is_shared=False) as alone:
        alone.listen()


def _bound(host: str, port: int, is_shared: bool) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if is_shared:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind(address)
    except OSError:
        bound.close()
        raise
    return bound


def _temporary_folder() -> "tempfile.TemporaryDirectory[str]":
    place = SHARED_MEMORY if os.access(SHARED_MEMORY, os.W_OK) else None
    return tempfile.TemporaryDirectory(prefix="atlas-metrics-", dir=place)
