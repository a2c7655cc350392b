"""Starts several worker processes on one port, passes signals on, and replaces workers that die.

Python runs one thread of Python code at a time, and small requests are mostly Python code, so one
process uses one CPU. The kernel spreads connections over the workers (SO_REUSEPORT). A worker
listens only once its models are loaded. This process loads neither torch nor the app.
"""

import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from tempfile import TemporaryDirectory

from prometheus_client.multiprocess import mark_process_dead

from service.process.cpus import available_cpus
from service.process.starting import announce, bound_socket, shown
from service.settings import Settings

logger = logging.getLogger(__name__)

MAX_DEFAULT_WORKERS = 4
METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # read by prometheus_client
SHARED_MEMORY = "/dev/shm"  # writable even in containers with a read-only file system
# A worker ends within a second or two of its grace, unless its event loop hangs.
OVERSTAY_SECONDS = 5
# A worker writes one of these to its standard input once it listens.
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

    def __init__(self, settings: Settings, count: int) -> None:
        self._settings = settings
        self._count = count
        self._started = dict[int, tuple[subprocess.Popen[bytes], socket.socket]]()
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
            environment = {
                **os.environ,
                "ATLAS_PORT": str(port),
                "ATLAS_WORKERS": str(self._count),
                METRICS_FOLDER: metrics_folder,
            }
            logger.info("starting %d workers on %s", self._count, shown(host, port))
            for _ in range(self._count):
                self._start(environment)
            # `_watch` reads and closes the lines, so look without reading, at copies.
            lines = [line.dup() for _, line in self._started.values()]
            threading.Thread(target=self._announce, args=(lines, host, port), daemon=True).start()
            return self._watch(environment)

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

    def _start(self, environment: dict[str, str]) -> None:
        # The worker inherits the block: a SIGHUP waits until the worker can handle it.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
        # If this process dies, the worker's standard input ends, and then so does the worker.
        line, standard_input = socket.socketpair()
        with standard_input:
            worker = subprocess.Popen(
                [sys.executable, "-m", "service.worker"],
                env=environment,
                stdin=standard_input.fileno(),
            )
        self._started[worker.pid] = (worker, line)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
        if self._is_draining:  # the signal came before this worker could receive it
            self._drain()

    def _watch(self, environment: dict[str, str]) -> int:
        exit_code = 0
        while self._started:
            pid, status = os.waitpid(-1, 0)
            if pid not in self._started:  # an orphan: this may be process 1 of a container
                continue
            worker, line = self._started.pop(pid)
            worker.returncode = os.waitstatus_to_exitcode(status)
            with line:
                has_served = line.recv(1) != b""
            mark_process_dead(pid, environment[METRICS_FOLDER])  # type: ignore[no-untyped-call]
            if self._is_draining:
                # SIGTERM kills a worker that has no handler for it yet.
                ended_well = worker.returncode in (0, -signal.SIGTERM)
                exit_code = exit_code or (0 if ended_well else worker.returncode)
            elif not has_served:  # a new worker would fail the same way
                logger.error("a worker exited with %d during its start", worker.returncode)
                exit_code = worker.returncode or 1
                self._drain()
            else:
                logger.error("a worker exited with %d: starting another", worker.returncode)
                self._start(environment)
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
        # Popen.send_signal may reap the worker, for which `_watch` waits.
        for pid in list(self._started):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
