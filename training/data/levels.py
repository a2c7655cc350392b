"""Turns arrays of pictures, of the shapes and types that people save, into levels 0..255."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from service.artifact.arrays import Levels
from training.data.stored import StoredArray
from training.errors import DataError

# Whole numbers up to this are levels of fewer bits: 1 of masks, 16 of scikit-learn's digits.
MOST_FEW_LEVELS = 16
CHANNELS = (1, 3, 4)  # grey, RGB, RGBA


def form_of(array: StoredArray) -> tuple[int, int, int]:
    """(height, width, channels) of each picture of an array. Raises DataError.

    [N, H, W] is grey, as is [N, H * W] of squares; [N, H, W, C] and [N, C, H, W] have 1, 3 or 4
    channels.
    """
    if array.dtype.hasobject:
        raise DataError(
            f"{array.place}: holds Python objects, which are never loaded; save numbers, in an "
            "array of one shape"
        )
    if array.dtype.kind not in "buif":
        raise DataError(f"{array.place}: expected numbers, found {array.dtype}")
    shape = array.shape[1:]
    if len(shape) == 1 and math.isqrt(shape[0]) ** 2 == shape[0] > 1:
        return math.isqrt(shape[0]), math.isqrt(shape[0]), 1
    if len(shape) == 2 and min(shape) > 0:
        return *shape, 1
    if len(shape) == 3 and min(shape) > 0 and shape[2] in CHANNELS:
        return shape[0], shape[1], shape[2]
    if len(shape) == 3 and min(shape) > 0 and shape[0] in CHANNELS:
        return shape[1], shape[2], shape[0]
    raise DataError(
        f"{array.place}: expected pictures [N, H, W], [N, H, W, 3] or [N, 3, H, W], "
        f"found {list(array.shape)}"
    )


def white_of(arrays: Sequence[StoredArray]) -> float:
    """The value that stands for white in all of these arrays, one scale for all.

    1 for floats in 0..1, 255 for whole numbers of 8 bits, and the largest one for whole numbers
    of at most 16. Raises DataError for other values.
    """
    found = [_range_of(array) for array in arrays]
    whole = all(is_whole for _, _, is_whole in found)
    least, most = min(low for low, _, _ in found), max(high for _, high, _ in found)
    if least >= 0 and whole and most <= MOST_FEW_LEVELS:
        return max(most, 1.0)
    is_float = any(array.dtype.kind == "f" for array in arrays)
    if least >= 0 and most <= (1 if is_float else 255):
        return 1.0 if is_float else 255.0
    place = arrays[0].place
    if is_float and whole and least >= 0 and most <= 255:
        raise DataError(
            f"{place}: expected uint8, or floats in 0..1, found floats in 0..{most:.0f}; save them "
            "with astype('uint8')"
        )
    raise DataError(
        f"{place}: expected uint8, or floats in 0..1, found {arrays[0].dtype} in "
        f"{least:.4g}..{most:.4g}"
    )


def levels_of(array: StoredArray, white: float) -> Iterator[Levels]:
    """Chunks of pictures [n, H, W], or [n, H, W, C] of more than one channel."""
    height, width, channels = form_of(array)
    is_first = len(array.shape) == 4 and array.shape[3] not in CHANNELS
    for values in array.chunks():
        if values.dtype == np.uint8 and white == 255:
            levels: Levels = values
        else:
            levels = np.rint(values * (255.0 / white)).astype(np.uint8)
        if is_first:
            levels = levels.transpose(0, 2, 3, 1)
        shape = (height, width) if channels == 1 else (height, width, channels)
        yield levels.reshape(len(levels), *shape)


def _range_of(array: StoredArray) -> tuple[float, float, bool]:
    """Least and largest value, and whether all are whole. Of uint8, perhaps only of the first."""
    least, most, is_whole = math.inf, -math.inf, True
    for values in array.chunks():
        least, most = min(least, float(values.min())), max(most, float(values.max()))
        if values.dtype == np.uint8 and most > MOST_FEW_LEVELS:
            break  # it is plain 8-bit
        if array.dtype.kind == "f":
            if not np.isfinite(values).all():
                raise DataError(f"{array.place}: expected finite numbers, found NaN or infinity")
            is_whole = is_whole and bool((values == np.rint(values)).all())
    return least, most, is_whole
