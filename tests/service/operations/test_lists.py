import json

import numpy as np
import pytest
from pydantic_core import to_json

from service.operations import lists
from service.operations.lists import PIECE, items_json, numbers_json


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Bytes of each piece that is written at once."""
    written = list[int]()

    def write(value: object) -> bytes:
        written.append(len(to_json(value)))
        return to_json(value)

    monkeypatch.setattr(lists, "to_json", write)
    return written


@pytest.mark.parametrize("shape", [(1, 2), (3, 5, 7), (1, PIECE), (PIECE + 1, 1), (5, PIECE)])
def test_numbers_are_those_of_the_whole_array(shape: tuple[int, ...]) -> None:
    array = np.random.default_rng(0).normal(size=shape).astype(np.float32)

    assert b"[%b]" % numbers_json(array) == to_json(array.ravel().tolist())


def test_items_are_those_of_the_whole_list() -> None:
    items: list[object] = [{"mean": [0.5, -1e-7]}, [], "a", None]

    assert b"[%b]" % items_json(items) == to_json(items)
    assert json.loads(b"[%b]" % items_json([])) == []


def test_a_million_numbers_are_never_written_at_once(sizes: list[int]) -> None:
    numbers_json(np.full((1337, 784), 1 / 3, np.float32))

    assert len(sizes) == -(-1337 * 784 // PIECE)
    assert max(sizes) < 128 * 1024


def test_items_are_written_one_by_one(sizes: list[int]) -> None:
    items_json(np.zeros(784).tolist() for _ in range(256))

    assert len(sizes) == 256
