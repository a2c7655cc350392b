"""Pictures that have been drawn, kept within a number of bytes; each drawn once at a time."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from service.serving.metrics import Metrics


@dataclass
class _Drawing:
    """A picture that is being drawn, and how many wait for it."""

    task: asyncio.Future[bytes]
    waiting: int = 0


class PictureCache:
    """The most recently used pictures, by a key that names all that they depend on."""

    def __init__(self, max_bytes: int, metrics: Metrics) -> None:
        """Keep and share nothing if `max_bytes` is 0."""
        self._max_bytes = max_bytes
        self._pictures = OrderedDict[str, bytes]()
        self._drawings = dict[str, _Drawing]()
        self._bytes = metrics.cache_bytes
        self._size = 0
        self._found, self._shared, self._drawn = (
            metrics.cache_requests.labels(outcome) for outcome in ("found", "shared", "drawn")
        )

    def get(self, key: str) -> bytes | None:
        """The picture, if it is kept."""
        picture = self._pictures.get(key)
        if picture is not None:
            self._pictures.move_to_end(key)
            self._found.inc()
        return picture

    def get_or_draw_here(self, key: str, draw: Callable[[], bytes]) -> bytes:
        """The picture, kept or drawn by `draw` before anything else can ask for it."""
        if (picture := self.get(key)) is not None:
            return picture
        self._drawn.inc()
        picture = draw()
        self._keep(key, picture)
        return picture

    async def get_or_draw(self, key: str, draw: Callable[[], Awaitable[bytes]]) -> bytes:
        """The picture, kept or drawn by `draw`, whose errors reach all who wait for it.

        A drawing that nobody waits for any more is cancelled.
        """
        if (picture := self.get(key)) is not None:
            return picture
        if self._max_bytes == 0:
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
        picture = await draw()
        self._keep(key, picture)
        return picture

    def _keep(self, key: str, picture: bytes) -> None:
        if len(picture) > self._max_bytes:
            return
        self._size -= len(self._pictures.pop(key, b""))  # both ways of drawing may have met
        self._pictures[key] = picture
        self._size += len(picture)
        while self._size > self._max_bytes:
            _, dropped = self._pictures.popitem(last=False)
            self._size -= len(dropped)
        self._bytes.set(self._size)
