"""Where an answer comes from: the cache, the event loop, or a place of the executor."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from service.app import create_app
from service.errors import Overloaded
from service.serving.atlas import Atlas
from service.serving.work import LARGE, Work
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
    size: float = 1,
    key: str | None = None,
) -> Work[bytes]:
    return Work(atlas.registry.get("vae"), compute, size, "tiles", items=4, key=key)


def thread() -> bytes:
    return threading.current_thread().name.encode()


def test_small_work_is_computed_on_the_event_loop_and_large_work_is_not(atlas: Atlas) -> None:
    async def ask() -> list[bytes]:
        small, large = work(atlas, thread), work(atlas, thread, size=LARGE)
        return [await atlas.answer(small), await atlas.answer(large)]

    here, elsewhere = asyncio.run(ask())

    assert here == thread()
    assert elsewhere.startswith(b"inference")


@pytest.mark.parametrize("size", [1, LARGE])
def test_answer_with_a_key_is_computed_once(atlas: Atlas, size: float) -> None:
    computed = list[bytes]()

    def compute() -> bytes:
        computed.append(b"answer")
        return b"answer"

    async def ask() -> list[bytes]:
        asked = work(atlas, compute, size, key="a")
        together = await asyncio.gather(atlas.answer(asked), atlas.answer(asked))
        return [*together, atlas.kept(asked)]

    assert asyncio.run(ask()) == [b"answer"] * 3
    assert computed == [b"answer"]


def test_answer_without_a_key_is_computed_each_time(atlas: Atlas) -> None:
    answers = iter([b"first", b"second"])

    async def ask() -> list[bytes]:
        asked = work(atlas, lambda: next(answers))
        assert atlas.kept(asked) is None
        return [await atlas.answer(asked), await atlas.answer(asked)]

    assert asyncio.run(ask()) == [b"first", b"second"]


def test_large_work_is_refused_while_its_place_is_taken(atlas: Atlas) -> None:
    gate = threading.Event()

    def wait() -> bytes:
        gate.wait()
        return b"first"

    async def ask() -> object:
        first = asyncio.ensure_future(atlas.answer(work(atlas, wait, LARGE)))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await atlas.answer(work(atlas, size=LARGE))
        gate.set()
        return await first

    assert asyncio.run(ask()) == b"first"


def test_items_are_counted_once_whoever_computes_them(atlas: Atlas) -> None:
    async def ask() -> None:
        await atlas.answer(work(atlas, key="a"))
        atlas.kept(work(atlas, key="a"))
        await atlas.answer(work(atlas, size=LARGE))

    asyncio.run(ask())

    assert b'atlas_request_items_count{kind="tiles"} 3.0' in atlas.metrics.render()
    assert b'atlas_request_items_sum{kind="tiles"} 12.0' in atlas.metrics.render()
