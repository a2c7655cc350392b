"""Reads IDX files, the format of MNIST and Fashion-MNIST, from gzip.

IDX (http://yann.lecun.com/exdb/mnist) is a big-endian header of magic number and sizes, then bytes.
"""

import gzip
import math
import zlib
from pathlib import Path

import numpy as np

from service.artifact.arrays import Levels
from training.errors import DataError

IMAGES_MAGIC = 0x803  # unsigned bytes, three dimensions
LABELS_MAGIC = 0x801  # unsigned bytes, one dimension
MAX_SIDE = 1024  # pixels, the most that a manifest can describe
MAX_BYTES = 2**30  # unpacked, 1.3 million pictures of 28 x 28


def read_images(path: Path) -> Levels:
    """[N, H, W] grey levels. Raises DataError, which names the file."""
    return _read(path, IMAGES_MAGIC, dimensions=3)


def read_labels(path: Path) -> Levels:
    """[N] labels. Raises DataError, which names the file."""
    return _read(path, LABELS_MAGIC, dimensions=1)


def header_of(images: Levels) -> bytes:
    """The header of a file of these images [N, H, W]."""
    return np.array([IMAGES_MAGIC, *images.shape], ">u4").tobytes()


def _read(path: Path, magic: int, dimensions: int) -> Levels:
    try:
        with gzip.open(path) as file:
            header = file.read(4 * (1 + dimensions))
            shape = _parse_header(path, header.ljust(4 * (1 + dimensions), b"\0"), magic)
            expected = math.prod(shape)
            content = file.read(expected)
            if len(content) != expected or file.read(1):  # at the end gzip checks the CRC-32
                found = "more" if len(content) == expected else len(content)
                raise DataError(f"{path}: expected {expected} bytes for {shape}, found {found}")
    except FileNotFoundError as exc:
        raise DataError(f"{path}: expected a file, found none") from exc
    except (OSError, EOFError, zlib.error) as exc:  # BadGzipFile is an OSError
        raise DataError(f"{path}: expected an intact gzip file, found: {exc}") from exc
    return np.frombuffer(content, np.uint8).reshape(shape)


def _parse_header(path: Path, header: bytes, magic: int) -> list[int]:
    """The declared shape. Checked before anything else is unpacked."""
    found, *shape = (int.from_bytes(header[i : i + 4], "big") for i in range(0, len(header), 4))
    if found != magic:
        raise DataError(f"{path}: expected magic number {magic:#x}, found {found:#x}")
    if min(shape) < 1 or max(shape[1:], default=1) > MAX_SIDE:
        raise DataError(
            f"{path}: expected at least one entry, sides of 1..{MAX_SIDE}, found {shape}"
        )
    if math.prod(shape) > MAX_BYTES:
        raise DataError(
            f"{path}: expected at most {MAX_BYTES:,} bytes unpacked, "
            f"found {math.prod(shape):,} for {shape}"
        )
    return shape
