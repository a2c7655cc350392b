"""Zip archives as an artifact's files: whole, and no larger unpacked than allowed, before use.

Neither TorchScript's reader nor NumPy's checks a record's checksum before it takes the values.
"""

import contextlib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt


@contextlib.contextmanager
def open_whole(path: Path, max_unpacked_bytes: int) -> Iterator[zipfile.ZipFile]:
    """The archive, after reading every record against its CRC-32.

    Raises ValueError for too large or damaged records, and whatever zipfile raises for damage to
    the archive itself: nearly every built-in error.
    """
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(record.file_size for record in archive.infolist())
        if unpacked > max_unpacked_bytes:
            raise ValueError(f"{unpacked} bytes unpacked, more than {max_unpacked_bytes}")
        if (damaged := archive.testzip()) is not None:
            raise ValueError(f"a damaged record {damaged!r}")
        yield archive


def declared_array(archive: zipfile.ZipFile, name: str) -> tuple[npt.DTypeLike, tuple[int, ...]]:
    """Type and shape of an array as its header declares them, without reading its values.

    Raises KeyError where there is none, ValueError for another format than np.savez writes.
    """
    with archive.open(f"{name}.npy") as record:
        version = np.lib.format.read_magic(record)
        if version != (1, 0):
            raise ValueError(f"{name} is in npy format {version}")
        shape, _, dtype = np.lib.format.read_array_header_1_0(record)
    return dtype, shape
