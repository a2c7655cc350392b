"""Loads and reloads models, and records whether the service is draining."""

import asyncio
import gc

from service.errors import NotReady, ShuttingDown
from service.serving.executor import Executor
from service.serving.registry import Registry


class Lifecycle:
    """The life of one app on one event loop: the first load, reloads, the drain."""

    def __init__(self, registry: Registry, executor: Executor) -> None:
        self._registry = registry
        self._executor = executor
        self._turn = asyncio.Lock()
        self._waiting: asyncio.Task[None] | None = None
        self._tasks = set[asyncio.Task[None]]()
        self._has_frozen = False
        self.is_draining = False

    def reload(self) -> asyncio.Task[None]:
        """Load new versions in a thread, after any load that is running.

        Calls made while a load waits for its turn share that load.
        """
        if self._waiting is None:
            self._waiting = asyncio.create_task(self._load())
            self._tasks.add(self._waiting)
            self._waiting.add_done_callback(self._tasks.discard)
        return self._waiting

    def drain(self) -> None:
        """Stop reporting ready. Safe to call from a signal handler."""
        self.is_draining = True

    def require_ready(self) -> None:
        """Raise ShuttingDown or NotReady unless requests should be sent here."""
        if self.is_draining:
            raise ShuttingDown
        self._registry.require_ready()

    @property
    def is_ready(self) -> bool:
        """Whether requests should be sent here."""
        try:
            self.require_ready()
        except (ShuttingDown, NotReady):
            return False
        return True

    async def close(self) -> None:
        """Wait for loads and running computations. Drop what waits to be computed."""
        await asyncio.gather(*self._tasks)
        await asyncio.to_thread(self._executor.close)

    async def _load(self) -> None:
        async with self._turn:
            self._waiting = None  # later calls may be about a newer repository
            await asyncio.to_thread(self._registry.load)
            if not self._has_frozen:
                # A full garbage collection through torch's hundreds of thousands of objects would
                # halt all requests. They live as long as the process, so exclude them from now on.
                self._has_frozen = True
                gc.collect()
                gc.freeze()
