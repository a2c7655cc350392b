import asyncio
from collections.abc import Awaitable, Callable

import pytest

from service.errors import Overloaded
from service.serving.answer_cache import AnswerCache
from service.serving.metrics import Metrics


def drawing(answer: bytes, drawn: list[bytes]) -> Callable[[], Awaitable[bytes]]:
    async def draw() -> bytes:
        drawn.append(answer)
        await asyncio.sleep(0)
        return answer

    return draw


def test_answer_is_drawn_once_and_kept() -> None:
    cache, drawn = AnswerCache(100, Metrics()), list[bytes]()

    async def ask() -> list[bytes | None]:
        together = [cache.draw("a", drawing(b"picture", drawn)) for _ in range(5)]
        return [*await asyncio.gather(*together), cache.get("a")]

    assert asyncio.run(ask()) == [b"picture"] * 6
    assert drawn == [b"picture"]


def test_least_recently_used_are_dropped_to_stay_within_the_bytes() -> None:
    metrics = Metrics()
    cache = AnswerCache(10, metrics)

    async def ask() -> None:
        for key, size in (("a", 4), ("b", 4), ("c", 4), ("too large", 11)):
            await cache.draw(key, drawing(bytes(size), []))
            cache.get("a")

    asyncio.run(ask())

    assert [cache.get(key) for key in ("a", "b", "c", "too large")] == [
        bytes(4),
        None,
        bytes(4),
        None,
    ]
    assert b"atlas_cache_bytes 8.0" in metrics.render()


def test_nothing_is_kept_or_shared_with_no_bytes() -> None:
    cache, drawn = AnswerCache(0, Metrics()), list[bytes]()

    async def ask() -> None:
        await asyncio.gather(*(cache.draw("a", drawing(b"x", drawn)) for _ in range(3)))

    asyncio.run(ask())

    assert drawn == [b"x"] * 3
    assert cache.get("a") is None


def test_error_reaches_all_who_wait_and_is_not_kept() -> None:
    cache, drawn = AnswerCache(10, Metrics()), list[bytes]()

    async def fail() -> bytes:
        await asyncio.sleep(0)
        raise Overloaded

    async def ask() -> bytes:
        waiting = [cache.draw("a", fail) for _ in range(3)]
        errors = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(error) for error in errors] == [Overloaded] * 3
        return await cache.draw("a", drawing(b"x", drawn))

    assert asyncio.run(ask()) == b"x"


@pytest.mark.parametrize("leavers", [1, 2])
def test_drawing_goes_on_while_anyone_waits_for_it(leavers: int) -> None:
    cache, outcome = AnswerCache(10, Metrics()), list[str]()

    async def draw() -> bytes:
        try:
            await gate.wait()
        except asyncio.CancelledError:
            outcome.append("cancelled")
            raise
        return b"x"

    async def leave() -> list[bytes | BaseException]:
        waiting = [asyncio.ensure_future(cache.draw("a", draw)) for _ in range(2)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for request in waiting[:leavers]:
            request.cancel()
        await asyncio.sleep(0)
        gate.set()
        return await asyncio.gather(*waiting, return_exceptions=True)

    gate = asyncio.Event()
    results = asyncio.run(leave())

    assert [isinstance(r, asyncio.CancelledError) for r in results] == [
        index < leavers for index in range(2)
    ]
    assert outcome == (["cancelled"] if leavers == 2 else [])
