from collections.abc import Callable
from functools import partial

import pytest

from service.artifact.manifest import ImageSpec
from service.errors import Invalid
from service.operations import limits
from service.settings import Settings

SETTINGS = Settings(
    max_tiles=12, max_scale=3, max_latents=9, max_output_pixels=64 * 6, max_output_numbers=30
)
IMAGE = ImageSpec(height=2, width=3)  # 6 pixels
Check = Callable[[], None]


@pytest.mark.parametrize(
    ("within", "beyond", "pointer"),
    [
        (
            partial(limits.check_numbers, SETTINGS, IMAGE, 5, "/body/latents"),
            partial(limits.check_numbers, SETTINGS, IMAGE, 6, "/body/latents"),
            "/body/latents",
        ),
        (
            partial(limits.check_mosaic, SETTINGS, IMAGE, 3, 4, 2, "/query"),
            partial(limits.check_mosaic, SETTINGS, IMAGE, 13, 1, 1, "/query"),
            "/query/columns",
        ),
        (
            partial(limits.check_mosaic, SETTINGS, IMAGE, 1, 7, 3, "/query"),
            partial(limits.check_mosaic, SETTINGS, IMAGE, 1, 8, 3, "/query"),
            "/query/scale",
        ),
        (
            partial(limits.check_mosaic, SETTINGS, IMAGE, 1, 1, 3, "/body"),
            partial(limits.check_mosaic, SETTINGS, IMAGE, 1, 1, 4, "/body"),
            "/body/scale",
        ),
        (
            partial(limits.check_tile, SETTINGS, IMAGE),
            partial(limits.check_tile, SETTINGS, ImageSpec(height=2, width=4)),
            "/path/model",
        ),
        (
            partial(limits.check_path, SETTINGS, IMAGE, points=5, steps=2, scale=1),
            partial(limits.check_path, SETTINGS, IMAGE, points=10, steps=1, scale=1),
            "/body/steps",
        ),
        (
            partial(limits.check_path, SETTINGS, IMAGE, 8, 1, 2, is_written_twice=True),
            partial(limits.check_path, SETTINGS, IMAGE, 9, 1, 2, is_written_twice=True),
            "/body/scale",
        ),
    ],
)
def test_limit_is_the_last_that_is_allowed(within: Check, beyond: Check, pointer: str) -> None:
    within()

    with pytest.raises(Invalid) as caught:
        beyond()

    assert [fault.pointer for fault in caught.value.faults] == [pointer]
