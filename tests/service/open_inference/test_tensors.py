from typing import Any

import numpy as np
import pytest

from service.errors import Invalid
from service.open_inference import tensors


@pytest.mark.parametrize(
    "data", [[1, 2, 3, 4, 5, 6], [[1, 2, 3], [4, 5, 6]]], ids=["flat", "nested"]
)
def test_flat_and_nested_lists_are_the_same_tensor(data: list[Any]) -> None:
    array = tensors.from_json(data, [2, 3], "/data")

    assert array.dtype == np.float32
    assert array.tolist() == [[1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize(
    "data",
    [
        [],
        [1, 2, 3],
        [[1, 2], [3, 4], [5, 6]],
        [[1, 2, 3], [4, 5]],
        [[1, 2, 3], 4, 5, 6],
        [1, 2, 3, 4, 5, [6]],
        [1, 2, 3, 4, 5, "6"],
        [1, 2, 3, 4, 5, True],
        [1, 2, 3, 4, 5, None],
        [1, 2, 3, 4, 5, float("nan")],
        [1, 2, 3, 4, 5, float("inf")],
        [[[[[[1, 2, 3, 4, 5, 6]]]]]],
    ],
)
def test_list_that_is_not_finite_numbers_in_the_shape_is_refused(data: list[Any]) -> None:
    with pytest.raises(Invalid) as caught:
        tensors.from_json(data, [2, 3], "/data")

    assert caught.value.faults[0].pointer == "/data"


def test_number_too_large_for_float32_is_out_of_every_range() -> None:
    assert np.isinf(tensors.from_json([1e300], [1], "/data")).all()


def test_bytes_are_little_endian_row_by_row() -> None:
    array = tensors.from_bytes(bytes.fromhex("0000803f 00000040"), [1, 2], "/")

    assert array.tolist() == [[1, 2]]
    assert tensors.to_bytes(array) == bytes.fromhex("0000803f 00000040")


@pytest.mark.parametrize("length", [0, 7, 9])
def test_bytes_of_another_length_are_refused(length: int) -> None:
    with pytest.raises(Invalid, match="expected 8 bytes"):
        tensors.from_bytes(bytes(length), [1, 2], "/")
