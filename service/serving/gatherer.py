"""Computes small work on the event loop; what is ready in one of its turns, in one call.

One call for eight rows takes twice the time of a call for one. A model whose rows have the same
bits in any batch answers each request as if it were alone, so nobody can tell who else asked.
Nothing waits for more to come.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from time import perf_counter
from typing import Any, NamedTuple, TypeVar

import numpy as np

from service.artifact.contract import Artifact
from service.errors import Overloaded
from service.serving.metrics import Metrics
from service.serving.work import Batch, Program, Work

Result = TypeVar("Result")

# What all small work may take of one turn of the event loop. The rest waits for the next turn, so
# that health and other requests are answered in between.
TURN_SECONDS = 0.008
# In one call: models are tested with up to so many rows when they are loaded, and a call takes no
# longer than a turn.
MAX_ROWS = 64
MAX_SIZE = 8


class _Asked(NamedTuple):
    work: Work[Any]
    future: asyncio.Future[Any]


class _Prepared(NamedTuple):
    batch: Batch[Any]
    future: asyncio.Future[Any]


class Gatherer:
    """The queue of small work. It lives on one event loop and never leaves its thread.

    After a turn at most `queue` requests may wait for the next ones.
    """

    def __init__(
        self, queue: int, metrics: Metrics, clock: Callable[[], float] = perf_counter
    ) -> None:
        self._queue = queue
        self._metrics = metrics
        self._clock = clock
        self._waiting = deque[_Asked]()

    def compute(self, work: Work[Result]) -> asyncio.Future[Result]:
        """The answer, computed at the end of this turn or in one of the next.

        Raises Overloaded, in the future, where too many wait.
        """
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._take_turn)
        future = loop.create_future()
        self._waiting.append(_Asked(work, future))
        return future

    def _take_turn(self) -> None:
        end = self._clock() + TURN_SECONDS
        while self._waiting:
            self._compute_some(end)
            if self._clock() >= end:
                break
        while len(self._waiting) > self._queue:
            self._metrics.rejected.inc()
            _fail(self._waiting.pop().future, Overloaded())
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._take_turn)

    def _compute_some(self, end: float) -> None:
        """Prepare what waits first, as far as one call and the turn go, and compute it."""
        started, rows, size = self._clock(), 0, 0.0
        groups = dict[tuple[int, Program], tuple[Artifact, list[_Prepared]]]()
        while self._waiting and rows < MAX_ROWS and size < MAX_SIZE:
            if size and self._clock() >= end:
                break
            work, future = self._waiting.popleft()
            if future.cancelled():
                continue
            size += work.size
            try:
                batch = work.prepare()
            except Exception as exc:
                _fail(future, exc)
                continue
            if not isinstance(batch, Batch):
                future.set_result(batch)
                continue
            rows += len(batch.rows)
            key = id(work.artifact), batch.program
            groups.setdefault(key, (work.artifact, []))[1].append(_Prepared(batch, future))
        for artifact, prepared in groups.values():
            self._metrics.gathered.observe(len(prepared))
            if artifact.is_batch_invariant and len(prepared) > 1:
                _compute_together(artifact, prepared)
            else:
                _compute_alone(artifact, prepared)
        self._metrics.compute_seconds.observe(self._clock() - started)


def _compute_together(artifact: Artifact, prepared: list[_Prepared]) -> None:
    program = prepared[0].batch.program
    try:
        results = program(artifact, np.concatenate([batch.rows for batch, _ in prepared]))
    except Exception:  # one request's fault must not reach the others
        return _compute_alone(artifact, prepared)
    start = 0
    for batch, future in prepared:
        end = start + len(batch.rows)
        own = [array[start:end] for array in results]
        start = end
        try:
            future.set_result(batch.finish(*own))
        except Exception as exc:
            _fail(future, exc)
    return None


def _compute_alone(artifact: Artifact, prepared: list[_Prepared]) -> None:
    for batch, future in prepared:
        try:
            future.set_result(batch.compute(artifact))
        except Exception as exc:
            _fail(future, exc)


def _fail(future: asyncio.Future[Any], exc: Exception) -> None:
    if not future.cancelled():
        future.set_exception(exc)
