from pathlib import Path

import pytest

from service.artifact.load import load_artifact
from service.serving.work import size_of_drawing
from tests import tiny


@pytest.mark.parametrize(
    ("size", "tiles", "scale", "is_small"),
    [
        (28, 64, 1, True),
        (28, 65, 1, False),
        (28, 16, 2, True),
        (28, 17, 2, False),
        (40, 31, 1, True),
        (40, 32, 1, False),
    ],
)
def test_large_pictures_are_not_drawn_on_the_event_loop(
    tmp_path: Path, size: int, tiles: int, scale: int, is_small: bool
) -> None:
    artifact = load_artifact(tiny.publish(tmp_path, "vae", size, size))

    assert (size_of_drawing(artifact, tiles, scale) <= 1) == is_small
