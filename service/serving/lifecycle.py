"""When models are loaded and reloaded, and whether the service is draining."""

import asyncio
import gc

from service.errors import ShuttingDown
from service.serving.executor import Executor
from service.serving.registry import Registry


class Lifecycle:
    """From the first load through reloads to the end, of one app on one event loop."""

    def __init__(self, registry: Registry, executor: Executor) -> None:
        self._registry = registry
        self._executor = executor
        self._turn = asyncio.Lock()
        self._waiting: asyncio.Task[None] | None = None
        self._tasks = set[asyncio.Task[None]]()
        self._has_frozen = False
        self.is_draining = False

    def reload(self) -> asyncio.Task[None]:
        """Load what is new, off the event loop, after the load that runs now.

        A call that comes while another waits for its turn shares that one's load.
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

    async def close(self) -> None:
        """Wait for loads and for what is being computed; drop what waits to be computed."""
        await asyncio.gather(*self._tasks)
        await asyncio.to_thread(self._executor.close)

    async def _load(self) -> None:
        async with self._turn:
            self._waiting = None  # a call from here on may have seen a newer repository
            await asyncio.to_thread(self._registry.load)
            self._spare_garbage_collection()

    def _spare_garbage_collection(self) -> None:
        """After the first load, exclude what lives as long as the process from later collections.

        A full collection through torch's hundreds of thousands of objects halts all requests.
        """
        if not self._has_frozen:
            self._has_frozen = True
            gc.collect()
            gc.freeze()
