import asyncio
import threading
from pathlib import Path

import pytest

from service.api.requests import DecodeInput
from service.errors import Invalid, Overloaded
from service.serving.atlas import SMALL_BODY_BYTES, Atlas
from service.serving.inference import Executor
from service.serving.metrics import Metrics
from service.serving.registry import Registry
from service.settings import Settings
from tests import tiny

LARGE = b'{"latents": [[1, 2]]}'.ljust(SMALL_BODY_BYTES + 1)


def make_atlas(repository: Path, **limits: int) -> Atlas:
    metrics = Metrics()
    executor = Executor(1, 0, metrics)
    settings = Settings.model_validate(limits)
    registry = Registry(repository, "vae")
    registry.load()
    return Atlas(settings, registry, executor, metrics)


def test_large_bodies_wait_for_each_other(repository: Path) -> None:
    atlas = make_atlas(repository)

    async def parse_many() -> list[DecodeInput]:
        return await asyncio.gather(*(atlas.parse(DecodeInput, LARGE) for _ in range(5)))

    assert [body.latents for body in asyncio.run(parse_many())] == [[[1, 2]]] * 5


def test_large_body_is_refused_before_it_is_parsed_when_places_are_full(repository: Path) -> None:
    atlas = make_atlas(repository)

    async def parse_beside_work() -> None:
        gate = threading.Event()
        working = asyncio.ensure_future(atlas.executor.run(gate.wait))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await atlas.parse(DecodeInput, LARGE)
        gate.set()
        await working

    asyncio.run(parse_beside_work())


@pytest.mark.parametrize(("size", "is_small"), [(28, True), (40, False)])
def test_large_pictures_are_not_drawn_on_the_event_loop(
    tmp_path: Path, size: int, is_small: bool
) -> None:
    tiny.publish(tmp_path, "vae", size, size)
    atlas = make_atlas(tmp_path)
    body = DecodeInput(latents=[[0.0, 1.0]] * 64)

    works = [atlas.plan_decode(body), atlas.plan_grid_picture(atlas.plan_tile("vae", 8, 1, 2))]

    assert [work.is_small for work in works] == [is_small] * 2


def test_body_of_too_many_values_is_refused_before_it_is_parsed(repository: Path) -> None:
    atlas = make_atlas(repository, max_images=1, max_latents=3)
    content = b"[" + b"," * SMALL_BODY_BYTES + b" not JSON"

    with pytest.raises(Invalid, match="more than the documented limits"):
        asyncio.run(atlas.parse(DecodeInput, content))
