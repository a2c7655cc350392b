"""When models are loaded and reloaded, and whether the service is leaving."""

import asyncio
import gc

from service.errors import ShuttingDown
from service.serving.inference import InferenceExecutor
from service.serving.registry import Registry


class Lifecycle:
    """From the first load through reloads to the end, of one app on one event loop."""

    def __init__(self, registry: Registry, executor: InferenceExecutor) -> None:
        self._registry = registry
        self._executor = executor
        self._turn = asyncio.Lock()
        self._waiting: asyncio.Task[None] | None = None
        self._tasks = set[asyncio.Task[None]]()
        self._has_frozen = False
        self.is_leaving = False

    def reload(self) -> asyncio.Task[None]:
        """Load what is new, off the event loop, after the load that runs now.

        Calls that come while one waits for its turn share it: it sees all that they saw.
        """
        if self._waiting is None:
            self._waiting = asyncio.create_task(self._load())
            self._tasks.add(self._waiting)
            self._waiting.add_done_callback(self._tasks.discard)
        return self._waiting

    def leave(self) -> None:
        """Be not ready from now on; safe in a signal handler."""
        self.is_leaving = True

    def require_ready(self) -> None:
        """Raise ShuttingDown or NotReady unless requests should be sent here."""
        if self.is_leaving:
            raise ShuttingDown("the service is shutting down")
        self._registry.require_ready()

    async def close(self) -> None:
        """Wait for loads and for what is being computed; what waits to be computed is dropped."""
        await asyncio.gather(*self._tasks)
        await asyncio.to_thread(self._executor.close)

    async def _load(self) -> None:
        async with self._turn:
            self._waiting = None  # a call from here on may have seen a newer repository
            await asyncio.to_thread(self._registry.load)
            self._spare_garbage_collection()

    def _spare_garbage_collection(self) -> None:
        """After the first load, take what lives as long as the process out of every later search.

        A full search through torch's hundreds of thousands of objects halts all requests.
        """
        if not self._has_frozen:
            self._has_frozen = True
            gc.collect()
            gc.freeze()
