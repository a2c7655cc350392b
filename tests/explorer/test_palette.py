"""The page and the figures of training show a class in the same colour."""

import re

from service.api.pages import EXPLORER
from training.figures import COLOURS


def test_colours_of_classes_are_those_of_the_figures() -> None:
    palette = (EXPLORER / "palette.js").read_text()

    assert tuple(re.findall(r'"(#[0-9a-f]{6})"', palette)) == COLOURS
