"""The running service: its models, and how the work on them is done."""

from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from service.serving.answer_cache import AnswerCache
from service.serving.executor import Executor
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
    lifecycle: Lifecycle
    cache: AnswerCache
    metrics: Metrics
    unsent: Unsent

    def answer_here(self, work: Work[Any]) -> Any:
        """The result if it is kept, or can be computed on the event loop now; otherwise None."""
        if work.key and (kept := self.cache.get(work.key)) is not None:
            self._items[work.kind].observe(work.items)
            return kept
        if not (work.is_small and self.executor.has_turn()):
            return None
        self._items[work.kind].observe(work.items)
        compute = partial(self.executor.run_here, work.compute)
        return self.cache.draw_here(work.key, compute) if work.key else compute()

    async def answer(self, work: Work[Any]) -> Any:
        """The result, computed in a place of the executor. Raises Overloaded and AnswersUnread."""
        self._items[work.kind].observe(work.items)
        compute = partial(self.executor.run, partial(self._compute, work))
        return await (self.cache.draw(work.key, compute) if work.key else compute())

    def _compute(self, work: Work[Any]) -> Any:
        # The answers before this one may be unread by now.
        self.unsent.require_room()
        return work.compute()

    @cached_property
    def _items(self) -> dict[str, Any]:
        # Looking a label up costs more than counting.
        items = self.metrics.items
        return {kind: items.labels(kind) for kind in ("images", "latents", "tiles")}
