"""Forks worker processes that serve on one port, passes signals on, and replaces workers that die.

Python runs one thread of Python code at a time, and small requests are mostly Python code, so one
process uses one CPU. The kernel spreads connections over the workers (SO_REUSEPORT). A worker
listens only once its models are loaded.

This process imports the app before it forks, so that each worker starts at once and they share the
memory of what was imported. It loads no model, and neither torch nor a thread of Python's, because
a fork keeps only the thread that forks.
"""

import contextlib
import gc
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from tempfile import TemporaryDirectory
from typing import NoReturn

from service.process.cpus import available_cpus
from service.process.starting import announce, bound_socket, shown
from service.settings import Settings

logger = logging.getLogger(__name__)

# Serves until the socket's other end is closed, and returns an exit code.
Serve = Callable[[Settings, socket.socket], int]

MAX_DEFAULT_WORKERS = 4
METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # read by prometheus_client
SHARED_MEMORY = "/dev/shm"  # writable even in containers with a read-only file system
# A worker ends within a second or two of its grace, unless its event loop hangs.
OVERSTAY_SECONDS = 5
# A worker sends one of these to its starter once it listens.
READY = b"2"  # with all models
SERVING = b"1"  # without some of them


def worker_count(settings: Settings) -> int:
    """How many processes serve: the setting, otherwise one a CPU up to MAX_DEFAULT_WORKERS."""
    if settings.workers is not None:
        return settings.workers
    can_share = hasattr(socket, "SO_REUSEPORT") and sys.platform == "linux"
    return min(available_cpus(), MAX_DEFAULT_WORKERS) if can_share else 1


class Workers:
    """The worker processes, from start to end."""

    def __init__(self, settings: Settings, count: int, import_app: Callable[[], Serve]) -> None:
        """`import_app` imports what serves, once for all workers."""
        self._settings = settings
        self._count = count
        self._import_app = import_app
        self._started = dict[int, socket.socket]()  # lines to the workers by process id
        self._is_draining = False

    def run(self) -> int:
        """Serve until SIGTERM or SIGINT. Returns the exit code: 0 if every worker ended well.

        Raises AddressUnusable. `require_free` tells beforehand whether another server listens.
        """
        host = self._settings.host
        folder = SHARED_MEMORY if os.access(SHARED_MEMORY, os.W_OK) else None
        with (
            bound_socket(host, self._settings.port, is_shared=True) as reserved,
            TemporaryDirectory(prefix="atlas-metrics-", dir=folder) as metrics_folder,
        ):
            self._handle_signals()
            port = reserved.getsockname()[1]
            logger.info("starting %d workers on %s", self._count, shown(host, port))
            settings = self._settings.model_copy(update={"port": port, "workers": self._count})
            os.environ[METRICS_FOLDER] = metrics_folder  # prometheus_client looks when imported
            serve = self._import_app()
            # A collection in a worker would write to these objects, and so copy what is shared.
            gc.freeze()
            if not self._is_draining:
                for _ in range(self._count):
                    self._start(serve, settings)
                # `_watch` reads and closes the lines, so look without reading, at copies.
                lines = [line.dup() for line in self._started.values()]
                threading.Thread(
                    target=self._announce, args=(lines, host, port), daemon=True
                ).start()
            return self._watch(serve, settings)

    def _announce(self, lines: list[socket.socket], host: str, port: int) -> None:
        """Wait for the first word of each worker, then log whether all are ready."""
        words = list[bytes]()
        for line in lines:
            with line:
                words.append(line.recv(1, socket.MSG_PEEK))
        if not self._is_draining and b"" not in words:
            announce(words == [READY] * len(words), host, port)

    def _handle_signals(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._drain())
        signal.signal(signal.SIGHUP, lambda *_: self._send(signal.SIGHUP))
        signal.signal(signal.SIGALRM, lambda *_: self._kill())

    def _start(self, serve: Serve, settings: Settings) -> None:
        # If this process dies, the other end of its line ends, and then so does the worker.
        line, other_end = socket.socketpair()
        # A signal must not run this process's handlers in the worker: it waits.
        handled = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM}
        signal.pthread_sigmask(signal.SIG_BLOCK, handled)
        pid = os.fork()
        if pid == 0:
            for inherited in (line, *self._started.values()):
                inherited.close()
            _work(serve, settings, other_end)
        other_end.close()
        self._started[pid] = line
        signal.pthread_sigmask(signal.SIG_UNBLOCK, handled)
        if self._is_draining:  # the signal came before this worker was listed
            self._drain()

    def _watch(self, serve: Serve, settings: Settings) -> int:
        # At the top of this file it would be imported before METRICS_FOLDER is set.
        from prometheus_client.multiprocess import mark_process_dead

        exit_code = 0
        while self._started:
            pid, status = os.waitpid(-1, 0)
            if pid not in self._started:  # an orphan: this may be process 1 of a container
                continue
            returned = os.waitstatus_to_exitcode(status)
            with self._started.pop(pid) as line:
                has_served = line.recv(1) != b""
            mark_process_dead(pid)  # type: ignore[no-untyped-call]
            if self._is_draining:
                # These signals kill a worker that has no handler for them yet.
                ended_well = returned in (0, -signal.SIGTERM, -signal.SIGINT)
                exit_code = exit_code or (0 if ended_well else returned)
            elif not has_served:  # a new worker would fail the same way
                logger.error("a worker exited with %d during its start", returned)
                exit_code = returned or 1
                self._drain()
            else:
                logger.error("a worker exited with %d: starting another", returned)
                self._start(serve, settings)
        return exit_code if exit_code >= 0 else 1

    def _drain(self) -> None:
        if not self._is_draining:
            signal.alarm(self._settings.shutdown_grace_seconds + OVERSTAY_SECONDS)
        self._is_draining = True
        self._send(signal.SIGTERM)

    def _kill(self) -> None:
        logger.error("%d workers outstay the grace: killing them", len(self._started))
        self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        for pid in list(self._started):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


def _work(serve: Serve, settings: Settings, starter: socket.socket) -> NoReturn:
    """Be a worker in this new process, and end it without what its starter does at its own end."""
    exit_code = 1
    gc.enable()
    try:
        ending = {signal.SIGTERM, signal.SIGINT, signal.SIGALRM}
        for number in (*ending, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ending)  # a SIGHUP waits for the app's handler
        exit_code = serve(settings, starter)
    except BaseException:
        logger.exception("a worker failed")
    finally:
        logging.shutdown()
        os._exit(exit_code)
