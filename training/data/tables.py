"""Parquet and Arrow files with a column of picture files, as the Hugging Face Hub stores them.

A picture is a struct of `bytes` and `path`, or plain bytes. Class names come from the Hub's
metadata, or are the labels themselves. Needs pyarrow, from the extra `parquet`.
"""

import contextlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import ipc

from service.errors import Invalid
from service.pictures.formats import PictureFile, open_picture
from training.data.folder import MAX_PIXELS
from training.data.labels import number_labels
from training.data.names import LABELS, PICTURES, part_of
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
from training.data.stored import Values
from training.errors import DataError

ROWS = 64  # of a Parquet file that are read at a time
PARQUET_MAGIC, STREAM_MAGIC = b"PAR1", b"\xff\xff\xff\xff"


class Columns(NamedTuple):
    """What to read of a table. `names` are the class names of a numbered label."""

    picture: str
    label: str | None
    names: tuple[str, ...]


def table_source(path: Path, kind: str, files: Sequence[Path]) -> Source | None:
    """The tables as a source; None if they have no column of pictures. Raises DataError."""
    columns = {file: found for file in files if (found := _columns_of(file)) is not None}
    if not columns:
        return None
    return Source(name_of(path), kind, path, tuple(columns), partial(_read, path, columns))


def _read(path: Path, columns: Mapping[Path, Columns]) -> Contents:
    files: dict[PartName, list[Path]] = {}
    for file in columns:
        words = re.findall(r"[a-z0-9]+", str(file.relative_to(path.parent)).lower())
        files.setdefault(part_of(words) or "training", []).append(file)
    if "training" not in files and len(files) == 1:  # all there is
        files = {"training": next(iter(files.values()))}
    if "training" not in files:
        raise DataError(f"{path}: expected rows to train on, found {' and '.join(files)} alone")
    labels = {part: _labels(files[part], columns, name_of(path)) for part in PARTS if part in files}
    names = next(iter(columns.values())).names
    class_names, numbered = number_labels(labels, names, dict.fromkeys(labels, str(path)))
    notes: tuple[str, ...] = ()
    if len(class_names) > MAX_CLASSES:
        notes = (one_class(name_of(path), len(class_names)),)
        class_names = (name_of(path),)
        numbered = {part: [0] * len(found) for part, found in numbered.items()}
    parts = {
        part: Part(numbered[part], partial(_items, path, files[part], columns)) for part in numbered
    }
    return Contents(class_names, parts, names_are_given=bool(names), notes=notes)


def _columns_of(file: Path) -> Columns | None:
    try:
        schema = _schema_of(file)
    except (OSError, pa.ArrowException) as exc:
        raise DataError(f"{file}: expected an intact table, found: {exc}") from exc
    pictures = [field.name for field in schema if _holds_pictures(field)]
    if not pictures:
        return None
    named = [name for name in pictures if name.lower() in PICTURES]
    labels = [field.name for field in schema if _is_label(field)]
    classes = _class_names(schema)
    label = next((name for name in labels if name in classes), labels[0] if labels else None)
    return Columns((named or pictures)[0], label, classes.get(label or "", ()))


def _holds_pictures(field: pa.Field) -> bool:
    if pa.types.is_struct(field.type):
        return bool(field.type.get_field_index("bytes") >= 0)
    is_binary = pa.types.is_binary(field.type) or pa.types.is_large_binary(field.type)
    return bool(is_binary) and field.name.lower() in PICTURES


def _is_label(field: pa.Field) -> bool:
    words = {*re.findall(r"[a-z]+", field.name.lower())}
    types = (pa.types.is_integer, pa.types.is_string, pa.types.is_dictionary)
    return bool(words & LABELS) and any(is_one(field.type) for is_one in types)


def _class_names(schema: pa.Schema) -> dict[str, tuple[str, ...]]:
    """The Hub's class names, by column."""
    try:
        described = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
        features = described["info"]["features"]
        return {
            name: tuple(map(str, feature["names"]))
            for name, feature in features.items()
            if feature.get("_type") == "ClassLabel"
        }
    except (KeyError, TypeError, AttributeError, ValueError):  # metadata of another kind
        return {}


def _labels(files: Sequence[Path], columns: Mapping[Path, Columns], name: str) -> Values:
    found = list[Any]()
    for file in files:
        label = columns[file].label
        for batch in _batches(file, [label or columns[file].picture]):
            values = batch.column(0)
            found += values.to_pylist() if label else [name] * len(values)
    if None in found:
        raise DataError(f"{files[0]}: expected a label in every row, found rows without")
    return np.array(found)


def _items(path: Path, files: Sequence[Path], columns: Mapping[Path, Columns]) -> Iterator[Item]:
    for file in files:
        place, row = file.relative_to(path.parent), 0
        for batch in _batches(file, [columns[file].picture]):
            values = batch.column(0)
            contents = values.field("bytes") if pa.types.is_struct(values.type) else values
            for content in contents.to_pylist():
                yield Item(f"{place}[{row}]", partial(_open, content))
                row += 1


def _open(content: bytes | None) -> PictureFile:
    if content is None:
        raise Invalid("the row has no bytes")
    return open_picture(content, MAX_PIXELS, "")


def _schema_of(file: Path) -> pa.Schema:
    if _head(file).startswith(PARQUET_MAGIC):
        return pq.read_schema(file)
    with _arrow(file) as reader:
        return reader.schema


def _batches(file: Path, columns: list[str]) -> Iterator[Any]:
    """Record batches of these columns. Raises DataError."""
    try:
        if _head(file).startswith(PARQUET_MAGIC):
            with pq.ParquetFile(file, pre_buffer=False, buffer_size=2**20) as table:
                yield from table.iter_batches(ROWS, columns=columns)
            return
        with _arrow(file) as reader:
            if isinstance(reader, ipc.RecordBatchStreamReader):
                yield from (batch.select(columns) for batch in reader)
            else:
                for index in range(reader.num_record_batches):
                    yield reader.get_batch(index).select(columns)
    except (OSError, pa.ArrowException) as exc:
        raise DataError(f"{file}: expected an intact table, found: {exc}") from exc


@contextlib.contextmanager
def _arrow(file: Path) -> Iterator[Any]:
    # Not mapped into memory: all of it would count as this process's.
    with pa.OSFile(str(file)) as opened:
        is_stream = _head(file).startswith(STREAM_MAGIC)
        yield ipc.open_stream(opened) if is_stream else ipc.open_file(opened)


def _head(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(8)
