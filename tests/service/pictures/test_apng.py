import io

import numpy as np
import pytest
from PIL import Image

from service.pictures.apng import encode_apng
from tests import tiny


@pytest.mark.parametrize("count", [1, 2, 9])
@pytest.mark.parametrize("size", [(1, 1), (28, 28), (400, 500)])
def test_frames_and_delays_are_read_back(count: int, size: tuple[int, int]) -> None:
    frames = list(tiny.random_levels(count, *size))

    animation = Image.open(io.BytesIO(encode_apng(frames, 120)))

    assert (animation.format, animation.mode, animation.info["loop"]) == ("PNG", "L", 0)
    assert getattr(animation, "n_frames", 0) == count
    for index, frame in enumerate(frames):
        animation.seek(index)
        assert (np.asarray(animation) == frame).all()
        assert animation.info["duration"] == 120


def test_equal_frames_stay_apart() -> None:
    animation = Image.open(io.BytesIO(encode_apng([np.zeros((3, 4), np.uint8)] * 5, 20)))

    assert getattr(animation, "n_frames", 0) == 5


def test_chunks_that_count_are_in_sequence() -> None:
    content = encode_apng(list(tiny.random_levels(3)), 20)

    names, numbers, offset = list[bytes](), list[int](), 8
    while offset < len(content):
        length = int.from_bytes(content[offset : offset + 4])
        name = content[offset + 4 : offset + 8]
        names.append(name)
        if name in (b"fcTL", b"fdAT"):
            numbers.append(int.from_bytes(content[offset + 8 : offset + 12]))
        offset += 12 + length

    assert names == [
        *(b"IHDR", b"acTL", b"fcTL", b"IDAT", b"fcTL", b"fdAT", b"fcTL", b"fdAT", b"IEND")
    ]
    assert numbers == list(range(5))
