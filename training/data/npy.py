"""Reads .npy files, and the .npy files in a .npz. Python objects are never loaded."""

import contextlib
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

import numpy as np
from numpy.lib import format as npy_format

from training.data.stored import StoredArray
from training.errors import DataError

NPY_MAGIC = b"\x93NUMPY"
ZIP_MAGIC = b"PK\x03\x04"
HEADERS = {
    (1, 0): npy_format.read_array_header_1_0,
    (2, 0): npy_format.read_array_header_2_0,
}

Opener = Callable[[], AbstractContextManager[BinaryIO]]


def stored_npy(path: Path) -> StoredArray:
    """The array in an .npy file. Raises DataError, which names the file."""
    return _stored(path.name, str(path), lambda: cast(BinaryIO, path.open("rb")))


def stored_npz(path: Path) -> list[StoredArray]:
    """The arrays in an .npz file. Raises DataError, which names the file."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.endswith(".npy")]
    except (zipfile.BadZipFile, NotImplementedError) as exc:
        raise DataError(f"{path}: expected an intact .npz file, found: {exc}") from exc
    if not names:
        raise DataError(
            f"{path}: expected arrays in this archive, found none; unpack pictures into a folder"
        )
    return [
        _stored(
            name.removesuffix(".npy"), f"{path}: {name.removesuffix('.npy')}", _opener(path, name)
        )
        for name in names
    ]


def holds_arrays(path: Path) -> bool:
    """Whether a zip file holds .npy files."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith(".npy") for name in archive.namelist())
    except (zipfile.BadZipFile, NotImplementedError):
        return False


def _opener(path: Path, name: str) -> Opener:
    @contextlib.contextmanager
    def opened() -> Iterator[BinaryIO]:
        with zipfile.ZipFile(path) as archive, archive.open(name) as member:
            yield cast(BinaryIO, member)

    return opened


def _stored(name: str, place: str, opener: Opener) -> StoredArray:
    try:
        with opener() as file:
            shape, is_fortran, dtype = _header(file)
    except Exception as exc:  # on damaged bytes, NumPy and zipfile raise many kinds of errors
        raise DataError(f"{place}: expected an intact array, found: {exc}") from exc

    @contextlib.contextmanager
    def at_values() -> Iterator[BinaryIO]:
        with opener() as file:
            _header(file)
            yield file

    is_fortran = is_fortran and len(shape) > 1
    return StoredArray(name, place, shape, dtype, at_values, is_fortran)


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = npy_format.read_magic(file)
    if version not in HEADERS:
        raise ValueError(f"npy format {version}")
    return HEADERS[version](file)
