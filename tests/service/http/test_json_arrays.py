"""Numbers read as an array are those that lists would hold; anything unusual is left to lists."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from service.http.json_arrays import HAS_SIMDJSON, read_with_array

pytestmark = pytest.mark.skipif(not HAS_SIMDJSON, reason="simdjson has no wheel for this Python")

numbers = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False), st.integers(-(2**63), 2**64 - 1)
)


def read(text: str) -> dict[str, Any] | None:
    return read_with_array(text.encode(), "images")


@given(
    arrays(object, st.tuples(*[st.integers(1, 4)] * 3), elements=numbers),
    st.sampled_from([None, 0, 2]),
)
def test_numbers_are_those_of_the_standard_parser(given: Any, indent: int | None) -> None:
    text = json.dumps({"images": given.tolist(), "model": "vae"}, indent=indent)

    fields = read(text)

    assert fields is not None
    assert fields["model"] == "vae"
    expected = np.array(json.loads(text)["images"], float)
    assert fields["images"].tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    "images",
    [
        *("[]", "[[]]", "[[[]]]", "[[[1]], []]", "[[[1]], [[1], [2]]]", "[[[1, 2], [3]]]"),
        *("[[[1], [2, 3]], [[4], [5, 6]]]", "[[1, 2]]", "[1]", "1", "null", '"text"', "{}"),
        *("[[[[1]]]]", "[[[1, [2]]]]", "[[[[1, 2], []]]]", "[[[[], [1, 2]]]]"),
        *("[[[true]]]", "[[[null]]]", '[[["1"]]]', "[[[{}]]]", '[["a"]]', '[[["a"], ["b"]]]'),
        *("[[[NaN]]]", "[[[1e999]]]", "[[[18446744073709551616]]]", "[[[01]]]", "[[[1,]]]"),
        *("[[[-9223372036854775809]]]", "[[[1" + "0" * 30 + "]]]"),
    ],
)
def test_anything_but_even_lists_of_numbers_is_left_alone(images: str) -> None:
    assert read(f'{{"images": {images}}}') is None


@pytest.mark.parametrize(
    "text",
    [
        '{"images": [[[1]]], "images": [[[2]]]}',
        '{"images": [[[1]]], "model": "a", "model": "b"}',
        '{"images": [[[1]]], "more": [1]}',
        '{"images": [[[1]]]} x',
        '{"images": [[[1]]]',
        '{"model": "vae"}',
        "[[[1]]]",
        "",
    ],
)
def test_body_of_another_form_is_left_alone(text: str) -> None:
    assert read(text) is None
