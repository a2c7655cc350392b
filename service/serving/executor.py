"""Computes large work in a bounded number of threads."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from time import perf_counter
from typing import NoReturn, TypeVar

from service.errors import Overloaded
from service.serving.metrics import Metrics

Result = TypeVar("Result")

_thread = threading.local()


class Unwanted(Exception):
    """Nobody waits for the result of this work any more."""


def stop_if_unwanted() -> None:
    """Raise Unwanted if this work has been cancelled. Long work calls it between its steps."""
    is_unwanted: threading.Event | None = getattr(_thread, "is_unwanted", None)
    if is_unwanted is not None and is_unwanted.is_set():
        raise Unwanted


class Executor:
    """A fixed number of places to compute in, and a bounded queue before them.

    Each place is one thread: small models gain more from requests side by side than from one
    request on many cores.
    """

    def __init__(
        self,
        places: int,
        queue: int,
        metrics: Metrics | None = None,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self._threads = ThreadPoolExecutor(places, thread_name_prefix="inference")
        self._admissions = threading.BoundedSemaphore(places + queue)
        self._metrics = metrics or Metrics()
        self._clock = clock
        self._running = set[int]()  # the threads that compute

    @property
    def running(self) -> int:
        """How many places compute now."""
        return len(self._running)

    def require_room(self) -> None:
        """Raise Overloaded if `run` would, before work that would then be wasted."""
        if not self._admissions.acquire(blocking=False):
            self._refuse()
        self._admissions.release()

    async def run(self, compute: Callable[[], Result]) -> Result:
        """Compute in a place, after what waits already.

        If the caller is cancelled, work that waits is skipped, and work that runs ends where it
        next calls `stop_if_unwanted`.
        Raises Overloaded at once when all places and the queue are taken.
        """
        if not self._admissions.acquire(blocking=False):
            self._refuse()
        self._metrics.waiting.inc()
        is_unwanted = threading.Event()
        future = self._threads.submit(self._compute, compute, self._clock(), is_unwanted)
        future.add_done_callback(self._release)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            is_unwanted.set()
            raise

    def close(self) -> None:
        """Finish what runs, drop what waits."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _compute(
        self, compute: Callable[[], Result], submitted: float, is_unwanted: threading.Event
    ) -> Result:
        _thread.is_unwanted = is_unwanted
        started = self._clock()
        self._metrics.queue_seconds.observe(started - submitted)
        self._metrics.waiting.dec()
        thread = threading.get_ident()
        self._running.add(thread)
        with self._metrics.running.track_inprogress():
            try:
                return compute()
            finally:
                self._running.discard(thread)
                self._metrics.compute_seconds.observe(self._clock() - started)

    def _release(self, future: Future[Result]) -> None:
        if future.cancelled():
            self._metrics.waiting.dec()
            self._metrics.dropped.inc()
        self._admissions.release()

    def _refuse(self) -> NoReturn:
        self._metrics.rejected.inc()
        raise Overloaded
