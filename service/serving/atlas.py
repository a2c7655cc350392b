"""The running service: its models, and how the work on them is done."""

from collections.abc import Awaitable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from service.serving.answer_cache import AnswerCache
from service.serving.executor import Executor
from service.serving.gatherer import Gatherer
from service.serving.lifecycle import Lifecycle
from service.serving.metrics import Metrics
from service.serving.registry import Registry
from service.serving.unsent import Unsent
from service.serving.work import Work
from service.settings import Settings


@dataclass(frozen=True)
class Atlas:
    """The parts of one app that operations use."""

    settings: Settings
    registry: Registry
    executor: Executor
    gatherer: Gatherer
    lifecycle: Lifecycle
    cache: AnswerCache
    metrics: Metrics
    unsent: Unsent

    def kept(self, work: Work[Any]) -> Any:
        """The answer if it is kept; otherwise None."""
        kept = self.cache.get(work.key) if work.key else None
        if kept is not None:
            self._items[work.kind].observe(work.items)
        return kept

    async def answer(self, work: Work[Any]) -> Any:
        """The answer, computed on the event loop if it is small, otherwise by the executor.

        Raises RequestError, Overloaded and AnswersUnread.
        """
        self._items[work.kind].observe(work.items)
        if not work.key:
            return await self._compute(work)
        return await self.cache.draw(work.key, partial(self._compute, work))

    def _compute(self, work: Work[Any]) -> Awaitable[Any]:
        if work.is_small:
            return self.gatherer.compute(work)
        return self.executor.run(partial(self._compute_later, work))

    def _compute_later(self, work: Work[Any]) -> Any:
        # The answers before this one may be unread by now.
        self.unsent.require_room()
        return work.compute()

    @cached_property
    def _items(self) -> dict[str, Any]:
        # Looking a label up costs more than counting.
        items = self.metrics.items
        return {kind: items.labels(kind) for kind in ("images", "latents", "tiles")}
