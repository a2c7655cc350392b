from collections.abc import Iterator

import pytest

from training.data.threads import mapped


def test_results_come_in_order() -> None:
    assert list(mapped(lambda number: number**2, range(1000))) == [n**2 for n in range(1000)]


def test_only_so_many_items_are_taken_ahead() -> None:
    taken = 0

    def endless() -> Iterator[int]:
        nonlocal taken
        while True:
            taken += 1
            yield taken

    results = mapped(lambda number: number, endless())

    assert next(results) == 1
    assert taken < 1000
    results.close()  # type: ignore[attr-defined]


def test_errors_pass() -> None:
    with pytest.raises(ZeroDivisionError):
        list(mapped(lambda number: 1 // number, [1, 0]))
