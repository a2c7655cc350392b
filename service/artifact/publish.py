"""Writes a version atomically, after checking it the way the service does."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import numpy as np

from service.artifact.contract import MANIFEST_FILE, MODEL_FILE, REFERENCE_FILE, Artifact, Reference
from service.artifact.errors import VersionExists
from service.artifact.load import load_unplaced, record_file
from service.artifact.manifest import Description, Manifest
from service.artifact.runtimes.torchscript import torchscript_allowed
from service.artifact.versions import version_numbers


class ModelFile(Protocol):
    """The source of a `model.pt`: a compiled module, or an existing file."""

    def save(self, f: str) -> None:
        """Write TorchScript to the path `f`."""


def write_artifact(
    repository: Path,
    description: Description,
    model: ModelFile,
    reference: Reference,
    attachments: Mapping[str, bytes],
    examine: Callable[[Artifact], None],
) -> Path:
    """Publish the next version of `description.name` and return its folder.

    Writes the version to a temporary folder, loads it back with every check of `load_artifact`,
    passes it to `examine` (which raises to refuse it), and only then renames the folder.
    `attachments` are further files by relative name, such as figures.
    Raises ArtifactError. Any error leaves nothing behind.
    """
    model_folder = repository / description.name
    model_folder.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=".publishing-", dir=model_folder))
    try:
        version = 1 + max(version_numbers(model_folder), default=0)
        _write_files(staging, description, version, model, reference, attachments)
        examine(load_unplaced(staging))
        return _publish(staging, model_folder / str(version))
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        with contextlib.suppress(OSError):  # it holds versions, or another process publishes
            model_folder.rmdir()


def _write_files(
    folder: Path,
    description: Description,
    version: int,
    model: ModelFile,
    reference: Reference,
    attachments: Mapping[str, bytes],
) -> None:
    with torchscript_allowed():
        model.save(str(folder / MODEL_FILE))
    np.savez_compressed(
        folder / REFERENCE_FILE,
        coordinates=reference.coordinates,
        labels=reference.labels,
        thumbnails=reference.thumbnails,
    )
    for name, content in attachments.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    files = {
        name: record_file(folder / name) for name in (MODEL_FILE, REFERENCE_FILE, *attachments)
    }
    manifest = Manifest(schema_version=2, version=version, files=files, **dict(description))
    (folder / MANIFEST_FILE).write_text(manifest.model_dump_json(indent=2) + "\n")


def _publish(staging: Path, target: Path) -> Path:
    for path in (*staging.rglob("*"), staging):
        _sync(path)
    staging.chmod(0o755)  # mkdtemp's 0700 would lock out a service that runs as another user
    try:
        # `rename` fails on a version that another process has just published, but would replace
        # an empty folder.
        if target.exists():
            raise FileExistsError(target)
        staging.rename(target)
    except OSError as exc:
        raise VersionExists(f"{target}: cannot publish, {exc.strerror or 'it exists'}") from exc
    _sync(target.parent)
    return target


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
