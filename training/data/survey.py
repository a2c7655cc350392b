"""Looks at the pictures of a source before they are fitted: their sizes, and whether in colour."""

from collections import Counter
from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np

from service.artifact.manifest import ImageSpec
from service.errors import RequestError
from service.pictures.fitting import GREY_MODES
from service.pictures.formats import PictureFile, decode
from training.data.cache import Kept
from training.data.source import Contents, Item
from training.data.threads import mapped
from training.progress import watched

Channels = Literal["grey", "colour"]

MAX_SIDE = 256  # pixels; larger pictures become DEFAULT_SIDE x DEFAULT_SIDE unless asked otherwise
DEFAULT_SIDE = 64
# How many pictures, at even steps, are looked at for colour: grey is often stored as RGB.
COLOUR_SAMPLE = 200
COLOUR_LEVELS = 8  # between two channels of a pixel; less is a JPEG's rounding
SAMPLE_SIDE = 64


class Size(NamedTuple):
    height: int
    width: int
    pictures: int  # that have it


class Survey(Kept):
    """Sizes of the upright pictures, the most common first, and whether any is in colour."""

    sizes: tuple[Size, ...]
    is_colour: bool


def survey(contents: Contents, name: str, made_of: str) -> Survey:
    """Open every picture, without decoding more than a few. Shows a bar with the data's name."""
    total = sum(len(part.labels) for part in contents.parts.values())
    if contents.form is not None:
        height, width, channels = contents.form
        size = Size(height, width, total)
        return Survey(made_of=made_of, sizes=(size,), is_colour=channels > 1)
    step = -(-total // COLOUR_SAMPLE) or 1
    counts, is_colour = Counter[tuple[int, int]](), False
    looked = mapped(_look, ((item, n % step == 0) for n, item in enumerate(_items(contents))))
    for found in watched(looked, total, f"looking at {name}"):
        if found is not None:
            counts[found[0]] += 1
            is_colour = is_colour or found[1]
    ordered = sorted(counts.items(), key=lambda counted: counted[::-1], reverse=True)
    sizes = tuple(Size(*size, count) for size, count in ordered)
    return Survey(made_of=made_of, sizes=sizes, is_colour=is_colour)


def choose_form(found: Survey, size: int | None, channels: Channels | None) -> ImageSpec:
    """The form to fit pictures to: what is asked for, otherwise what most of them have."""
    if size is not None:
        height = width = size
    else:
        height, width, _ = found.sizes[0] if found.sizes else (DEFAULT_SIDE, DEFAULT_SIDE, 0)
        if max(height, width) > MAX_SIDE:
            height = width = DEFAULT_SIDE
    is_colour = found.is_colour if channels is None else channels == "colour"
    return ImageSpec(channels=3 if is_colour else 1, height=height, width=width)


def _items(contents: Contents) -> Iterator[Item]:
    for part in contents.parts.values():
        yield from part.items()


def _look(given: tuple[Item, bool]) -> tuple[tuple[int, int], bool] | None:
    """(height, width), and whether colour was found, where asked for. None if it is damaged."""
    item, looks_for_colour = given
    try:
        file = item.open()
        width, height = file.image.size[::-1] if file.orientation > 4 else file.image.size
        return (height, width), looks_for_colour and _is_colour(file)
    except (RequestError, OSError):  # told when it is fitted
        return None


def _is_colour(file: PictureFile) -> bool:
    if file.image.mode in GREY_MODES:
        return False
    try:
        image = decode(file, (SAMPLE_SIDE, SAMPLE_SIDE)).convert("RGBA")
    except Exception:  # on hostile bytes, Pillow raises nearly every built-in error
        return False
    levels = np.asarray(image).astype(np.int16)
    shown = levels[levels[..., 3] > 0, :3]  # [N, 3]
    return bool((shown.max(axis=1) - shown.min(axis=1) > COLOUR_LEVELS).any())
