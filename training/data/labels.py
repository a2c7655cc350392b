"""Turns labels, of the shapes and types that people save, into indices of class names."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from training.data.source import MAX_CLASSES, PartName
from training.data.stored import StoredArray, Values
from training.errors import DataError

CLASSES_FILE = "classes.txt"


def read_labels(array: StoredArray, count: int, pictures: str) -> Values | None:
    """[N] labels: numbers or text. None if they are not one class for each picture.

    Raises DataError, for another number of labels than of pictures too.
    """
    if array.dtype.hasobject:
        raise DataError(f"{array.place}: holds Python objects, which are never loaded")
    if len(array) != count:
        raise DataError(
            f"{array.place}: expected {count} labels, one per picture in {pictures}, "
            f"found {len(array)}"
        )
    labels = array.whole()
    labels = labels.reshape(count, -1)
    if labels.shape[1] == 1:
        return _checked(array.place, labels[:, 0])
    is_one_hot = labels.dtype.kind in "buif" and bool(
        ((labels == 0) | (labels == 1)).all() and (labels.sum(axis=1) == 1).all()
    )
    return labels.argmax(axis=1) if is_one_hot else None


def number_labels(
    labels: Mapping[PartName, Values], names: Sequence[str], places: Mapping[PartName, str]
) -> tuple[tuple[str, ...], dict[PartName, list[int]]]:
    """Class names, and an index into them for each label.

    With `names` the labels are indices already. Without, each value that occurs is a class.
    Raises DataError, which names the place, for a label beyond the names.
    """
    if names:
        for part, values in labels.items():
            if values.dtype.kind not in "biu" or values.min() < 0 or values.max() >= len(names):
                raise DataError(
                    f"{places[part]}: expected labels in 0..{len(names) - 1}, for the class names, "
                    f"found {values.max()}"
                )
        return tuple(names), {part: values.tolist() for part, values in labels.items()}
    found = np.unique(np.concatenate(list(labels.values())))
    numbered = {part: np.searchsorted(found, values).tolist() for part, values in labels.items()}
    return tuple(str(value) for value in found.tolist()), numbered


def read_class_names(path: Path) -> tuple[str, ...]:
    """The names in a classes.txt, one a line. Raises DataError."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise DataError(f"{path}: expected UTF-8 text, one class per line, found: {exc}") from exc
    names = tuple(line.strip() for line in lines if line.strip())
    if not names or len({*names}) != len(names) or len(names) > MAX_CLASSES:
        raise DataError(
            f"{path}: expected 1 to {MAX_CLASSES} different class names, found {list(names)}"
        )
    return names


def _checked(place: str, labels: Values) -> Values:
    if labels.dtype.kind == "f":
        if not (np.isfinite(labels) & (labels == np.rint(labels))).all():
            raise DataError(f"{place}: expected whole numbers as labels, found others")
        return labels.astype(np.int64)
    if labels.dtype.kind == "S":
        return np.char.decode(labels, "utf-8", "replace")
    if labels.dtype.kind not in "biuU":
        raise DataError(f"{place}: expected numbers or text as labels, found {labels.dtype}")
    return labels
