"""Arrays of pictures and labels as a source: IDX files, .npy files, and .npz files."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from service.artifact.arrays import Levels
from service.pictures.formats import PictureFile
from training.data import fashion_mnist
from training.data.labels import CLASSES_FILE, number_labels, read_class_names, read_labels
from training.data.levels import form_of, levels_of, white_of
from training.data.names import Meaning, meaning_of
from training.data.source import (
    MAX_CLASSES,
    PARTS,
    Contents,
    Item,
    Part,
    PartName,
    Source,
    name_of,
    one_class,
)
from training.data.stored import StoredArray, Values
from training.errors import DataError

By = Mapping[PartName, StoredArray]  # one array of each part


def arrays_source(path: Path, kind: str, arrays: Mapping[Path, Sequence[StoredArray]]) -> Source:
    """A source of the arrays in each file, and of a classes.txt where `path` is a folder."""
    files = [*arrays, *([path / CLASSES_FILE] if _has_names(path) else [])]
    return Source(name_of(path), kind, path, tuple(files), partial(_read, path, arrays))


def holds_pictures(arrays: Mapping[Path, Sequence[StoredArray]]) -> bool:
    """Whether one of the arrays in these files is one of pictures."""
    held = [(array, file) for file, inside in arrays.items() for array in inside]
    return any(_meaning(array, file.name).role == "pictures" for array, file in held)


def _read(path: Path, arrays: Mapping[Path, Sequence[StoredArray]]) -> Contents:
    meant = _meant(arrays)
    pictures, labels = _choose(path, meant, "pictures"), _choose(path, meant, "labels")
    if not pictures:
        raise DataError(f"{path}: expected pictures, found {_listed(meant)}")
    for part, array in labels.items():
        if part not in pictures:
            raise DataError(f"{array.place}: expected pictures beside these labels, found none")
    if "training" not in pictures and len(pictures) == 1:  # all there is
        ((part, only),) = pictures.items()
        pictures = {"training": only}
        labels = {"training": labels[part]} if part in labels else {}
    if "training" not in pictures:
        raise DataError(f"{path}: expected pictures to train on, found {_listed(meant)}")
    forms = {part: form_of(array) for part, array in pictures.items()}
    class_names, numbered, notes = _classes(path, pictures, labels, meant)
    white = white_of(list(pictures.values()))
    if white not in (1.0, 255.0):
        notes = (*notes, f"levels 0..{white:.0f} are scaled to 0..255")
    return Contents(
        class_names=class_names,
        parts={
            part: Part(numbered[part], partial(_items, pictures[part], white))
            for part in PARTS
            if part in pictures
        },
        form=forms["training"] if len({*forms.values()}) == 1 else None,
        names_are_given=True,
        notes=notes,
    )


def _meant(arrays: Mapping[Path, Sequence[StoredArray]]) -> list[tuple[StoredArray, Meaning]]:
    meant = [
        (array, _meaning(array, file.name)) for file, inside in arrays.items() for array in inside
    ]
    if len(meant) == 1:  # pictures, unless it is called labels
        ((array, (part, role)),) = meant
        return [(array, Meaning(part, role or "pictures"))]
    return meant


def _meaning(array: StoredArray, file_name: str) -> Meaning:
    meaning = meaning_of(array.name, file_name)
    is_named = meaning_of(array.name).role is not None
    if len(array.shape) > 2 and not is_named:  # whatever it is called
        return Meaning(meaning.part, "pictures")
    return meaning


def _choose(path: Path, meant: Sequence[tuple[StoredArray, Meaning]], role: str) -> By:
    """The array of each part. Raises DataError if there are several."""
    found: dict[PartName, list[StoredArray]] = {}
    for array, meaning in meant:
        if meaning.role == role and array.shape and len(array):
            found.setdefault(meaning.part or "training", []).append(array)
    for part, candidates in found.items():
        if role == "pictures":  # before the same ones with their pixels in a row
            found[part] = [a for a in candidates if len(a.shape) > 2] or candidates
        if len(found[part]) > 1:
            listed = ", ".join(array.name for array in found[part])
            raise DataError(
                f"{path}: expected one array of {role} for {part}, found {listed}; "
                "pass the file that is meant"
            )
    return {part: found[part][0] for part in PARTS if part in found}


def _classes(
    path: Path,
    pictures: By,
    labels: By,
    meant: Sequence[tuple[StoredArray, Meaning]],
) -> tuple[tuple[str, ...], Mapping[PartName, list[int]], tuple[str, ...]]:
    """Class names, the label of each picture, and notes."""
    for part, array in pictures.items():
        if labels and part not in labels:
            raise DataError(f"{array.place}: expected labels as for the other pictures, found none")
    values = {
        part: read_labels(array, len(pictures[part]), pictures[part].name)
        for part, array in labels.items()
    }
    one = {part: [0] * len(array) for part, array in pictures.items()}
    if not labels:
        return (name_of(path),), one, ()
    known = {part: found for part, found in values.items() if found is not None}
    if len(known) < len(values):
        shape = list(next(iter(labels.values())).shape)
        note = f"labels of shape {shape} are not one class a picture, so they are left out"
        return (name_of(path),), one, (note,)
    names = _given_names(path, known, meant)
    places = {part: array.place for part, array in labels.items()}
    class_names, numbered = number_labels(known, names, places)
    if len(class_names) > MAX_CLASSES:
        return (name_of(path),), one, (one_class(name_of(path), len(class_names)),)
    return class_names, numbered, ()


def _given_names(
    path: Path,
    labels: Mapping[PartName, Values],
    meant: Sequence[tuple[StoredArray, Meaning]],
) -> tuple[str, ...]:
    """Class names that the data give; empty if they give none."""
    if _has_names(path):
        return read_class_names(path / CLASSES_FILE)
    if any(values.dtype.kind not in "iu" for values in labels.values()):
        return ()
    highest = max(int(values.max()) for values in labels.values())
    for array, meaning in meant:
        if meaning.role == "names" and len(array.shape) == 1 and not array.dtype.hasobject:
            names = tuple(str(name) for name in array.whole().tolist())
            if highest < len(names) <= MAX_CLASSES and len({*names}) == len(names):
                return names
    if {*labels} == {"training", "held-out"} and fashion_mnist.has_its_labels(
        labels["training"], labels["held-out"]
    ):
        return fashion_mnist.CLASSES
    return ()


def _has_names(path: Path) -> bool:
    return path.is_dir() and (path / CLASSES_FILE).exists()


def _items(array: StoredArray, white: float) -> Iterator[Item]:
    row = 0
    for levels in levels_of(array, white):
        for picture in levels:
            yield Item(f"{array.place}[{row}]", partial(_open, picture))
            row += 1


def _open(levels: Levels) -> PictureFile:
    height, width = levels.shape[:2]
    return PictureFile(Image.fromarray(np.ascontiguousarray(levels)), work=height * width)


def _listed(meant: Sequence[tuple[StoredArray, Meaning]]) -> str:
    return ", ".join(f"{array.name} {list(array.shape)}" for array, _ in meant) or "none"
