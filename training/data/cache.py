"""Keeps what was made of data in files: levels to map into memory, and JSON about them.

All that the data are made of decides whether it is still good: names, sizes and times of the files,
and the code that prepares pictures. What is made anew replaces the old.
"""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import BinaryIO, TypeVar

import PIL
import pooch
from pydantic import ValidationError

from service.artifact.manifest import Record
from service.pictures import fitting
from training.data.source import Source
from training.errors import NotWritable


def cache_folder() -> Path:
    """The user's cache folder of this project."""
    return Path(pooch.os_cache("latent-atlas"))


class Kept(Record):
    """What is kept as JSON. `made_of` identifies the data and the code."""

    made_of: str


K = TypeVar("K", bound=Kept)


class Cache:
    """The files about one path. Raises NotWritable where they cannot be written."""

    def __init__(self, source: Source) -> None:
        self.folder = cache_folder() / "data"
        self.made_of = _made_of(source)
        self._key = hashlib.sha256(os.fsencode(source.path.resolve())).hexdigest()[:16]

    def path(self, name: str) -> Path:
        return self.folder / f"{self._key}-{name}"

    def read(self, kind: type[K], name: str) -> K | None:
        """What was kept under this name, if it is of the same data and code."""
        try:
            kept = kind.model_validate_json(self.path(f"{name}.json").read_bytes())
        except (OSError, ValidationError):
            return None
        return kept if kept.made_of == self.made_of else None

    def write(self, kept: Kept, name: str) -> None:
        with self.writing(f"{name}.json") as file:
            file.write(kept.model_dump_json().encode())

    @contextlib.contextmanager
    def writing(self, name: str) -> Iterator[BinaryIO]:
        """A file that takes its place when it is whole and on the disk."""
        staging = None
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            handle, staging = tempfile.mkstemp(prefix=".writing-", dir=self.folder)
            with os.fdopen(handle, "w+b") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            Path(staging).replace(self.path(name))
        except OSError as exc:
            raise NotWritable(f"{self.folder}: cannot be written: {exc.strerror}") from exc
        finally:
            if staging is not None:
                Path(staging).unlink(missing_ok=True)


def _made_of(source: Source) -> str:
    digest = hashlib.sha256(_code())
    for file in source.files:
        status = file.stat()
        known = (
            os.fspath(file.relative_to(source.path.parent)),
            status.st_size,
            status.st_mtime_ns,
        )
        digest.update(repr(known).encode())
    return digest.hexdigest()


@cache
def _code() -> bytes:
    """A digest of the code that prepares pictures."""
    digest = hashlib.sha256(PIL.__version__.encode())
    for folder in (Path(fitting.__file__).parent, Path(__file__).parent):
        for path in sorted(folder.glob("*.py")):
            digest.update(path.read_bytes())
    return digest.digest()
