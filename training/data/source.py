"""What data are before they are fitted to a model: pictures of any size, in parts, with classes."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from service.pictures.formats import PictureFile

PartName = Literal["training", "validation", "held-out"]
PARTS: tuple[PartName, ...] = ("training", "validation", "held-out")
# Words in the names of files, folders and arrays.
PART_WORDS: Mapping[str, PartName] = {
    "train": "training",
    "training": "training",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "held-out",
    "testing": "held-out",
    "t10k": "held-out",
}
MAX_CLASSES = 256  # a label is one byte


class Item(NamedTuple):
    """A picture that is not read yet. `open` raises RequestError, or OSError."""

    place: str  # for people: its file, or its row in one
    open: Callable[[], PictureFile]


class Skipped(NamedTuple):
    place: str
    reason: str


@dataclass(frozen=True)
class Part:
    """Pictures in order, and the label of each: an index into the class names."""

    labels: list[int]
    items: Callable[[], Iterator[Item]]


@dataclass(frozen=True)
class Contents:
    """What a source holds.

    `form` is the (height, width, channels) of all pictures, or None if they may differ. Classes
    without a picture keep their names only where `names_are_given`. `notes` are sentences for
    people.
    """

    class_names: tuple[str, ...]
    parts: Mapping[PartName, Part]
    form: tuple[int, int, int] | None = None
    names_are_given: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """Data of a kind that was recognised. `read` raises DataError."""

    name: str
    kind: str  # for people, such as "a folder of pictures"
    path: Path
    files: tuple[Path, ...]  # all that it is made of
    read: Callable[[], Contents]


def name_of(path: Path) -> str:
    """A folder's or file's name without endings, in characters that every file can hold."""
    resolved = path.resolve()
    name = resolved.name if resolved.is_dir() else resolved.name.split(".")[0]
    return printable(name) or "data"


def printable(name: str) -> str:
    """A file's name with whatever is not UTF-8 replaced."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def one_class(name: str, class_count: int) -> str:
    """The note that there are too many classes to keep them."""
    return (
        f"{class_count:,} classes are more than the {MAX_CLASSES} that can be told apart, so all "
        f"pictures count as one class, {name}"
    )
