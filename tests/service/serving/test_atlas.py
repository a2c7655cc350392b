"""Where an answer comes from: the cache, the event loop, or a place of the executor."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from service.app import create_app
from service.errors import Overloaded
from service.serving.atlas import Atlas
from service.serving.executor import TURN_SECONDS
from service.serving.work import Work
from service.settings import Settings


@pytest.fixture
def atlas(repository: Path) -> Atlas:
    """A loaded atlas with one place and no queue."""
    settings = Settings(model_repository=repository, inference_places=1, inference_queue=0)
    atlas: Atlas = create_app(settings).state.atlas
    atlas.registry.load()
    return atlas


def work(
    atlas: Atlas,
    compute: Callable[[], bytes] = lambda: b"answer",
    is_small: bool = True,
    key: str | None = None,
) -> Work[bytes]:
    return Work(atlas.registry.get("vae"), compute, is_small, "tiles", items=4, key=key)


def thread() -> bytes:
    return threading.current_thread().name.encode()


def test_small_work_is_computed_on_the_event_loop_and_large_work_is_not(atlas: Atlas) -> None:
    async def ask() -> tuple[bytes | None, bytes | None, bytes]:
        small, large = work(atlas, thread), work(atlas, thread, is_small=False)
        return atlas.answer_here(small), atlas.answer_here(large), await atlas.answer(large)

    here, nothing, elsewhere = asyncio.run(ask())

    assert (here, nothing) == (thread(), None)
    assert elsewhere.startswith(b"inference")


def test_small_work_leaves_the_event_loop_once_its_turn_is_over(atlas: Atlas) -> None:
    never = threading.Event()

    def take_the_turn() -> bytes:
        never.wait(2 * TURN_SECONDS)
        return b"answer"

    async def ask() -> list[bytes | None]:
        return [atlas.answer_here(work(atlas, take_the_turn)), atlas.answer_here(work(atlas))]

    assert asyncio.run(ask()) == [b"answer", None]


def test_answer_with_a_key_is_computed_once(atlas: Atlas) -> None:
    computed = list[bytes]()

    def compute() -> bytes:
        computed.append(b"answer")
        return b"answer"

    async def ask() -> list[bytes | None]:
        kept = work(atlas, compute, is_small=False, key="a")
        together = await asyncio.gather(atlas.answer(kept), atlas.answer(kept))
        return [*together, atlas.answer_here(kept)]

    assert asyncio.run(ask()) == [b"answer"] * 3
    assert computed == [b"answer"]


def test_answer_without_a_key_is_computed_each_time(atlas: Atlas) -> None:
    answers = iter([b"first", b"second"])

    async def ask() -> list[bytes | None]:
        asked = work(atlas, lambda: next(answers))
        return [atlas.answer_here(asked), atlas.answer_here(asked)]

    assert asyncio.run(ask()) == [b"first", b"second"]


def test_large_work_is_refused_while_its_place_is_taken(atlas: Atlas) -> None:
    gate = threading.Event()

    def wait() -> bytes:
        gate.wait()
        return b"first"

    async def ask() -> object:
        first = asyncio.ensure_future(atlas.answer(work(atlas, wait)))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await atlas.answer(work(atlas))
        gate.set()
        return await first

    assert asyncio.run(ask()) == b"first"


def test_items_are_counted_once_whoever_computes_them(atlas: Atlas) -> None:
    async def ask() -> None:
        atlas.answer_here(work(atlas, key="a"))
        atlas.answer_here(work(atlas, key="a"))
        await atlas.answer(work(atlas, is_small=False))

    asyncio.run(ask())

    assert b'atlas_request_items_count{kind="tiles"} 3.0' in atlas.metrics.render()
    assert b'atlas_request_items_sum{kind="tiles"} 12.0' in atlas.metrics.render()
