"""Recognises data by content: a folder of pictures, IDX, .npy, .npz, Parquet or Arrow."""

import gzip
import os
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from service.pictures.formats import SIGNATURES
from training.data.arrays import arrays_source, holds_pictures
from training.data.folder import folder_source
from training.data.idx import GZIP_MAGIC, is_idx, stored_idx
from training.data.npy import NPY_MAGIC, ZIP_MAGIC, holds_arrays, stored_npy, stored_npz
from training.data.source import Source
from training.data.stored import StoredArray
from training.errors import DataError

Kind = Literal["IDX", ".npy", ".npz", "Parquet", "Arrow", "picture", "pickle", "other"]
PICTURE_SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp"}
HIDDEN = (".", "__MACOSX", "Thumbs.db", "desktop.ini")
HEAD_BYTES = 16
ARRAYS: Mapping[Kind, Callable[[Path], Sequence[StoredArray]]] = {
    "IDX": lambda path: [stored_idx(path)],
    ".npy": lambda path: [stored_npy(path)],
    ".npz": stored_npz,
}
MAGICS: Mapping[bytes, Kind] = {
    NPY_MAGIC: ".npy",
    b"PAR1": "Parquet",
    b"ARROW1": "Arrow",
    b"\xff\xff\xff\xff": "Arrow",  # its streaming format
    b"\x80\x02": "pickle",
    b"\x80\x03": "pickle",
    b"\x80\x04": "pickle",
    b"\x80\x05": "pickle",
}
EXPECTED = "expected a folder of pictures, or IDX, .npy, .npz, Parquet or Arrow files"


def recognise(path: Path) -> Source:
    """What kind of data lies there. Raises DataError if it is none.

    A folder is taken for the arrays or tables in it, if there are any, otherwise for pictures.
    """
    if path.is_dir():
        return _recognise_folder(path)
    if not path.is_file():
        found = "something else" if path.exists() else "none"
        raise DataError(f"{path}: expected a folder or a file, found {found}")
    kind = kind_of(path)
    if kind == "picture":
        raise DataError(f"{path}: expected a folder of pictures, found one picture")
    if kind == "pickle":
        raise DataError(f"{path}: a pickle is never loaded, because it can run code; save an .npz")
    if kind == "other":
        raise DataError(f"{path}: {EXPECTED}, found a file of another kind")
    if kind in ARRAYS:
        return arrays_source(path, _of(kind, 1), {path: ARRAYS[kind](path)})
    if (source := _table_source(path, kind, [path])) is not None:
        return source
    raise DataError(f"{path}: expected a column of picture files, found none")


def kind_of(path: Path) -> Kind:
    """The kind of a file, by its first bytes, or by its name if that says IDX."""
    if re.search(r"idx\d-ubyte", path.name):  # a damaged one, too, so that it is named
        return "IDX"
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head.startswith(GZIP_MAGIC):
        head = _unpacked_head(path)
    if is_idx(head):
        return "IDX"
    if any(head.startswith(signature) for signature in SIGNATURES):
        return "picture"
    if head.startswith(ZIP_MAGIC):  # or another zip file
        return ".npz" if path.suffix == ".npz" or holds_arrays(path) else "other"
    return next((kind for magic, kind in MAGICS.items() if head.startswith(magic)), "other")


def _recognise_folder(path: Path) -> Source:
    files = sorted(_walk(path))
    found: dict[Kind, list[Path]] = {}
    for file in files:
        is_named = file.suffix.lower() in PICTURE_SUFFIXES
        found.setdefault("picture" if is_named else _kind_of_any(file), []).append(file)
    has_files = "picture" in found
    sources = [s for kind in found if (s := _source_of(path, kind, found[kind], has_files))]
    if len(sources) > 1:
        listed = " and ".join(source.kind for source in sources)
        raise DataError(f"{path}: expected data of one kind, found {listed}; pass one of the files")
    if sources:
        return sources[0]
    if not files:
        raise DataError(f"{path}: {EXPECTED}, found an empty folder")
    return folder_source(path, files)


def _kind_of_any(file: Path) -> Kind:
    try:
        return kind_of(file)
    except OSError:  # not readable, which is told when it is skipped
        return "other"


def _source_of(path: Path, kind: Kind, files: Sequence[Path], has_others: bool) -> Source | None:
    """The arrays or tables of a folder, if they hold pictures or the folder holds no others."""
    if kind in ("Parquet", "Arrow"):
        is_skipped = has_others and find_spec("pyarrow") is None
        return None if is_skipped else _table_source(path, kind, files)
    if kind not in ARRAYS:
        return None
    arrays = {file: ARRAYS[kind](file) for file in files if file.parent == path}
    if not arrays or (has_others and not holds_pictures(arrays)):
        return None
    return arrays_source(path, _of(kind, len(arrays)), arrays)


def _table_source(path: Path, kind: Kind, files: Sequence[Path]) -> Source | None:
    try:
        from training.data.tables import table_source
    except ImportError as exc:
        raise DataError(
            f"{path}: reading {kind} takes pyarrow: pip install 'latent-atlas[parquet]'"
        ) from exc
    return table_source(path, _of(kind, len(files)), files)


def _of(kind: Kind, count: int) -> str:
    return f"{kind} file" if count == 1 else f"{count} {kind} files"


def _walk(folder: Path, above: tuple[str, ...] = ()) -> Iterator[Path]:
    """The regular files below a folder, without hidden ones. Links are followed, but in no loop."""
    real = os.path.realpath(folder)
    if real in above:
        return
    for entry in os.scandir(folder):
        if entry.name.startswith(HIDDEN):
            continue
        if entry.is_dir():
            yield from _walk(Path(entry.path), (*above, real))
        elif entry.is_file():
            yield Path(entry.path)


def _unpacked_head(path: Path) -> bytes:
    try:
        with gzip.open(path) as file:
            return file.read(HEAD_BYTES)
    except (OSError, EOFError, zlib.error):
        return b""
