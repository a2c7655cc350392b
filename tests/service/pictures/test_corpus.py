"""Reads a file of every kind in docs/pictures.md and compares the result with its row."""

import re
from pathlib import Path

import numpy as np
import pytest

from service.artifact.manifest import ImageSpec
from service.errors import RequestError
from service.pictures.fitting import Picture, fit_picture
from service.pictures.formats import open_picture
from tests.pictures import Kind, corpus

TABLE = Path(__file__).parents[3] / "docs" / "pictures.md"
KINDS = corpus()
READ = {name: kind for name, kind in KINDS.items() if kind.levels is not None}
REFUSED = {name: kind for name, kind in KINDS.items() if kind.levels is None}
ROWS = {
    name: told
    for name, told in re.findall(r"^\| (.+?) \| .*? \| (.*?) \|$", TABLE.read_text(), re.MULTILINE)
    if name not in ("kind", "---")
}


def read(kind: Kind) -> Picture:
    spec = ImageSpec(height=28, width=28)
    pointer = "/form/images/0"
    return fit_picture(open_picture(kind.content, 4096 * 4096, pointer), spec, "auto", pointer)


def test_table_lists_exactly_the_kinds_of_the_corpus() -> None:
    assert sorted(ROWS) == sorted(KINDS)


@pytest.mark.parametrize("name", READ)
def test_picture_is_read_as_the_table_says(name: str) -> None:
    picture = read(KINDS[name])

    levels = KINDS[name].levels
    assert levels is not None
    assert np.abs(picture.pixels * 255 - levels).max() <= KINDS[name].tolerance + 1e-4
    assert "; ".join(picture.applied) == ROWS[name].strip("`")


@pytest.mark.parametrize("name", REFUSED)
def test_file_is_refused_as_the_table_says(name: str) -> None:
    with pytest.raises(RequestError) as caught:
        read(KINDS[name])

    status = {"MediaTypeUnsupported": 415, "TooLarge": 413, "Invalid": 422}
    assert f"{status[type(caught.value).__name__]}: {caught.value}" == ROWS[name].strip("`")
    assert [fault.pointer for fault in caught.value.faults] == ["/form/images/0"]
