"""Checks the zip archives of an artifact before use: checksums, and the size when unpacked.

TorchScript and NumPy use a record's values without checking its checksum first.
"""

import contextlib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt


@contextlib.contextmanager
def open_whole(path: Path, max_unpacked_bytes: int) -> Iterator[zipfile.ZipFile]:
    """The archive, after checking every record's CRC-32.

    Raises ValueError for too large or damaged records. For a damaged archive, zipfile raises
    nearly every built-in error.
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

    Raises KeyError if there is no such array, ValueError if np.savez would not write its format.
    """
    with archive.open(f"{name}.npy") as record:
        version = np.lib.format.read_magic(record)
        if version != (1, 0):
            raise ValueError(f"{name} is in npy format {version}")
        shape, _, dtype = np.lib.format.read_array_header_1_0(record)
    return dtype, shape
