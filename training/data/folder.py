"""A folder of picture files as a source: class folders or none, in parts or not."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from service.errors import Invalid, TooLarge
from service.pictures.formats import PictureFile, open_picture
from training.data.source import (
    MAX_CLASSES,
    PART_WORDS,
    Contents,
    Item,
    Part,
    PartName,
    Source,
    name_of,
    one_class,
    printable,
)

MAX_FILE_BYTES = 2**28
# Four times what the service takes unless it is told otherwise: cameras make such pictures.
MAX_PIXELS = 2**26


def folder_source(path: Path, files: Sequence[Path]) -> Source:
    """The pictures among the files below `path`; the others are skipped when they are read.

    A picture's class is the first folder below the data's, or below train/, val/ or test/ where
    there is a train/; what lies beside these is skipped. A picture that lies in no class folder
    has the name of the data as its class.
    """
    kind, read = "a folder of pictures", partial(_read, path, files)
    return Source(name_of(path), kind, path, tuple(files), read)


def _read(path: Path, files: Sequence[Path]) -> Contents:
    relative = [file.relative_to(path).parts for file in files]
    is_split = any(PART_WORDS.get(first.lower()) == "training" for first, *rest in relative if rest)
    placed = [_place(parts, is_split, name_of(path)) for parts in relative]
    names = sorted({class_name for _, class_name in placed})
    notes: tuple[str, ...] = ()
    if len(names) > MAX_CLASSES:
        notes = (one_class(name_of(path), len(names)),)
        names, placed = [name_of(path)], [(part, name_of(path)) for part, _ in placed]
    labels = {name: label for label, name in enumerate(names)}
    found: dict[PartName, tuple[list[int], list[Item]]] = {}
    for file, (part, class_name) in zip(files, placed, strict=True):
        part_labels, part_items = found.setdefault(part or "training", ([], []))
        part_labels.append(labels[class_name])
        part_items.append(Item(printable(str(file.relative_to(path))), _opener(file, part)))
    parts = {
        part: Part(part_labels, partial(iter, part_items))
        for part, (part_labels, part_items) in found.items()
    }
    return Contents(tuple(names), parts, notes=notes)


def _place(parts: tuple[str, ...], is_split: bool, name: str) -> tuple[PartName | None, str]:
    """Part and class of a file. The part is None for one that lies beside train/ and test/."""
    part: PartName | None = "training"
    if is_split:
        part, parts = PART_WORDS.get(parts[0].lower()) if len(parts) > 1 else None, parts[1:]
    return part, printable(parts[0]) if len(parts) > 1 else name


def _opener(file: Path, part: PartName | None) -> Callable[[], PictureFile]:
    return partial(_open, file) if part is not None else _refuse


def _open(file: Path) -> PictureFile:
    if file.stat().st_size > MAX_FILE_BYTES:
        raise TooLarge(f"the file is larger than {MAX_FILE_BYTES / 2**20:.0f} MB")
    return open_picture(file.read_bytes(), MAX_PIXELS, "")


def _refuse() -> PictureFile:
    raise Invalid("it lies outside train, val and test")
