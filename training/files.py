"""Writes the files of a run, and checks beforehand that there is room for them."""

import contextlib
import os
import shutil
from pathlib import Path

from training.errors import NotWritable


def write_whole(path: Path, content: bytes) -> None:
    """Write the file atomically: an interruption or a full disk leaves the previous one.

    Raises NotWritable.
    """
    staging = path.with_name(path.name + ".writing")
    try:
        with staging.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        staging.replace(path)
    except OSError as exc:
        raise NotWritable(f"{path}: cannot be written: {exc.strerror}") from exc
    finally:
        with contextlib.suppress(OSError):
            staging.unlink()


def check_room(folder: Path, needed: int) -> None:
    """Raises NotWritable if the folder is read-only or has less than `needed` bytes of room."""
    if not os.access(folder, os.W_OK):
        raise NotWritable(f"{folder}: expected a folder that can be written to")
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise NotWritable(
            f"{folder}: expected {_megabytes(needed)} of free disk space, found {_megabytes(free)}"
        )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
