import numpy as np
import pytest

from service.pictures.mosaic import lay_out, square_columns
from tests import tiny


@pytest.mark.parametrize(("count", "columns"), [(1, 1), (2, 2), (4, 2), (5, 3), (441, 21)])
def test_square_columns_are_the_least_that_fit(count: int, columns: int) -> None:
    assert square_columns(count) == columns


def test_tiles_are_laid_out_row_by_row_without_gaps() -> None:
    tiles = tiny.random_levels(6, 4, 5)

    picture = lay_out(tiles, columns=3, scale=1)

    assert picture.shape == (8, 15)
    for number, tile in enumerate(tiles):
        row, column = divmod(number, 3)
        assert (picture[row * 4 :, column * 5 :][:4, :5] == tile).all()


def test_places_after_the_last_tile_are_black() -> None:
    picture = lay_out(np.full((3, 4, 4), 9, np.uint8), columns=2, scale=1)

    assert (picture[4:, 4:] == 0).all()
    assert (picture == 9).sum() == 3 * 16


def test_scale_repeats_whole_pixels() -> None:
    tiles = tiny.random_levels(2, 3, 3)

    enlarged = lay_out(tiles, columns=2, scale=4)

    assert enlarged.shape == (12, 24)
    assert (enlarged[::4, ::4] == lay_out(tiles, 2, 1)).all()
    assert (enlarged[3::4, 3::4] == lay_out(tiles, 2, 1)).all()
