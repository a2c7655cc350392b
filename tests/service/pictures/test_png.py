import io
import zlib
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from service.pictures.png import BLOCK_PIXELS, PAETH_PIXELS, encode_png
from service.settings import EMBEDDED_REPOSITORY
from tests import tiny

SIDE = 2 + int(PAETH_PIXELS**0.5)
SHAPES = [(1, 1), (3, 5), (28, 28), (1, PAETH_PIXELS), (PAETH_PIXELS, 1), (SIDE, SIDE)]


def noise(shape: tuple[int, int]) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, shape).astype(np.uint8)


@pytest.mark.parametrize("shape", SHAPES)
def test_png_holds_exactly_the_levels(shape: tuple[int, int]) -> None:
    slopes = np.add.outer(np.arange(shape[0]), 3 * np.arange(shape[1])).astype(np.uint8)

    for picture in (noise(shape), slopes, np.full(shape, 255, np.uint8)):
        png = encode_png(picture)

        assert (tiny.read_levels(png) == picture).all()
        assert encode_png(picture.copy()) == png


def test_equal_pictures_give_equal_bytes_wherever_their_stream_lies() -> None:
    # At one address in some thousands the stream differs; which one depends on the picture.
    pictures = [np.full((28, 28), level, np.uint8) for level in range(256)]
    # Each thread has its own stack and keeps taking new memory.
    threads, kept = Barrier(128), list[bytearray]()

    def encode_all(_: int) -> list[bytes]:
        threads.wait(timeout=60)
        kept.append(bytearray(2**16))
        return [encode_png(picture) for picture in pictures]

    with ThreadPoolExecutor(threads.parties) as pool:
        first, *others = pool.map(encode_all, range(threads.parties))

    assert all(other == first for other in others)


def test_large_pictures_are_filtered_by_paeth_and_small_ones_by_up() -> None:
    for shape, filter_type in (((28, 28), 2), ((SIDE, SIDE), 4)):
        rows = unpacked(encode_png(noise(shape))).reshape(shape[0], 1 + shape[1])

        assert set(rows[:, 0].tolist()) == {filter_type}


@pytest.mark.parametrize("width", [500, 2 * BLOCK_PIXELS])
def test_paeth_rows_join_across_blocks(width: int) -> None:
    picture = noise((5 * BLOCK_PIXELS // width, width))

    assert (tiny.read_levels(encode_png(picture)) == picture).all()


@pytest.mark.parametrize("model", ["ae", "vae"])
def test_a_grid_is_about_as_small_as_a_search_over_all_filters_makes_it(model: str) -> None:
    grid = (EMBEDDED_REPOSITORY / model / "1" / "figures" / "grid.png").read_bytes()
    picture, searched = tiny.read_levels(grid), io.BytesIO()
    Image.fromarray(picture).save(searched, "PNG")

    assert len(encode_png(picture)) < 1.05 * len(searched.getvalue())


def unpacked(png: bytes) -> npt.NDArray[np.uint8]:
    """The filtered rows of a PNG with one IDAT chunk."""
    start = png.index(b"IDAT")
    length = int.from_bytes(png[start - 4 : start])
    return np.frombuffer(zlib.decompress(png[start + 4 : start + 4 + length]), np.uint8)
