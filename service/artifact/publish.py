"""Writes a version atomically, after checking it the way the service does."""

import contextlib
import io
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np

from service.artifact.contract import (
    MANIFEST_FILE,
    PROGRAM_FILES,
    REFERENCE_FILE,
    Artifact,
    Reference,
)
from service.artifact.errors import NotWritten, VersionExists
from service.artifact.invariance import PUBLISHED_SIZES
from service.artifact.load import load_unplaced, record_file
from service.artifact.manifest import NEWEST_SCHEMA, Description, Manifest
from service.artifact.programs import measure_programs
from service.artifact.versions import version_numbers


def write_artifact(
    repository: Path,
    description: Description,
    programs: Mapping[str, bytes],
    reference: Reference,
    attachments: Mapping[str, bytes],
    examine: Callable[[Artifact], None],
    batch_sizes: Iterable[int] = PUBLISHED_SIZES,
) -> Path:
    """Publish the next version of `description.name` and return its folder.

    `programs` are the files of one or more runtimes (PROGRAM_FILES), `attachments` further files
    by relative name, such as figures. Writes the version to a temporary folder, loads it back in
    each of its runtimes with every check of `load_artifact`, passes what was loaded to `examine`
    (which raises to refuse it), and only then renames the folder. `batch_sizes` are those that
    batch invariance is measured with.
    Raises ArtifactError. Any error leaves nothing behind.
    """
    model_folder = repository / description.name
    with _staging_folder(model_folder) as staging:
        version = 1 + max(version_numbers(model_folder), default=0)
        _write_files(staging, {**programs, **attachments}, reference)
        runtimes = {name for name, files in PROGRAM_FILES.items() if programs.keys() >= {*files}}
        manifest = Manifest(
            schema_version=NEWEST_SCHEMA,
            version=version,
            programs=measure_programs(staging, description, runtimes, batch_sizes),
            files={
                name: record_file(staging / name)
                for name in (*programs, REFERENCE_FILE, *attachments)
            },
            **dict(description),
        )
        (staging / MANIFEST_FILE).write_text(manifest.model_dump_json(indent=2) + "\n")
        for runtime in sorted(runtimes):
            examine(load_unplaced(staging, runtime))
        return _publish(staging, model_folder / str(version))


@contextlib.contextmanager
def _staging_folder(model_folder: Path) -> Iterator[Path]:
    """A temporary folder in the model's. Removed in the end, with a model folder left empty.

    Any OSError inside becomes NotWritten.
    """
    staging = None
    try:
        model_folder.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".publishing-", dir=model_folder))
        yield staging
    except OSError as exc:
        raise NotWritten(f"{model_folder}: cannot be published: {exc.strerror}") from exc
    finally:
        if staging is not None:
            shutil.rmtree(staging, ignore_errors=True)
        with contextlib.suppress(OSError):  # it holds versions, or another process publishes
            model_folder.rmdir()


def _write_files(folder: Path, files: Mapping[str, bytes], reference: Reference) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    arrays = io.BytesIO()
    np.savez_compressed(
        arrays,
        coordinates=reference.coordinates,
        labels=reference.labels,
        thumbnails=reference.thumbnails,
    )
    (folder / REFERENCE_FILE).write_bytes(arrays.getvalue())


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
