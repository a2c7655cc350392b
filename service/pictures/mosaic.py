"""Lays tiles out as one picture."""

import math

import numpy as np

from service.artifact.arrays import Levels


def square_columns(count: int) -> int:
    """The number of columns that makes a mosaic of `count` tiles as square as possible."""
    return math.isqrt(count - 1) + 1


def lay_out(tiles: Levels, columns: int, scale: int) -> Levels:
    """[N, H, W] tiles -> [rows * H * scale, columns * W * scale], row by row, without gaps.

    Cells after the last tile are black. `scale` repeats whole pixels.
    """
    count, height, width = tiles.shape
    rows = -(-count // columns)
    padded = np.zeros((rows * columns, height, width), np.uint8)
    padded[:count] = tiles
    by_row = padded.reshape(rows, columns, height, width).transpose(0, 2, 1, 3)
    picture = by_row.reshape(rows * height, columns * width)
    return picture if scale == 1 else picture.repeat(scale, axis=0).repeat(scale, axis=1)
