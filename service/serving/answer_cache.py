"""Answers that were computed, kept within a number of bytes; each computed once at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from cachetools import LRUCache

from service.serving.metrics import Metrics


@dataclass
class _Drawing:
    """An answer that is being computed, and how many wait for it."""

    task: asyncio.Future[bytes]
    waiting: int = 0


class AnswerCache:
    """The most recently used answers, by a key that names everything they depend on."""

    def __init__(self, max_bytes: int, metrics: Metrics) -> None:
        """Keep and share nothing if `max_bytes` is 0."""
        self._answers = LRUCache[str, bytes](max_bytes, getsizeof=len)
        self._drawings = dict[str, _Drawing]()
        self._bytes = metrics.cache_bytes
        self._found, self._shared, self._drawn = (
            metrics.cache_requests.labels(outcome) for outcome in ("found", "shared", "drawn")
        )

    def get(self, key: str) -> bytes | None:
        try:
            answer: bytes = self._answers[key]
        except KeyError:
            return None
        self._found.inc()
        return answer

    async def draw(self, key: str, draw: Callable[[], Awaitable[bytes]]) -> bytes:
        """Compute the answer, or share the computation that runs already; keep it.

        An error reaches all who wait for the answer. When the last of them is cancelled, so is the
        computation.
        """
        if self._answers.maxsize == 0:
            self._drawn.inc()
            return await draw()
        drawing = self._drawings.get(key)
        (self._drawn if drawing is None else self._shared).inc()
        if drawing is None:
            drawing = _Drawing(asyncio.ensure_future(self._draw(key, draw)))
            self._drawings[key] = drawing
        drawing.waiting += 1
        try:
            return await asyncio.shield(drawing.task)
        finally:
            drawing.waiting -= 1
            if drawing.waiting == 0:
                drawing.task.cancel()
                if self._drawings.get(key) is drawing:
                    del self._drawings[key]

    async def _draw(self, key: str, draw: Callable[[], Awaitable[bytes]]) -> bytes:
        answer = await draw()
        self._keep(key, answer)
        return answer

    def _keep(self, key: str, answer: bytes) -> None:
        if len(answer) <= self._answers.maxsize:
            self._answers[key] = answer
            self._bytes.set(self._answers.currsize)
