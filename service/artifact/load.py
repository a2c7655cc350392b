"""Loads an artifact version after checking everything its manifest promises."""

import hashlib
import stat
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from service.artifact.archives import declared_array, open_whole
from service.artifact.arrays import Floats
from service.artifact.contract import (
    MANIFEST_FILE,
    MODEL_FILE,
    REFERENCE_FILE,
    Artifact,
    LatentModel,
    Reference,
)
from service.artifact.errors import (
    FileDamaged,
    FileMissing,
    GoldenMismatch,
    ManifestInvalid,
    ModelUnreadable,
    ReferenceUnreadable,
    SchemaUnsupported,
    one_line,
)
from service.artifact.manifest import SCHEMA_VERSIONS, FileRecord, Manifest, SchemaVersion
from service.artifact.runtimes.torchscript import load_torchscript

# What an artifact may cost before it is known to be right: a manifest is read, archives unpack.
MAX_MANIFEST_BYTES = 16 * 2**20
MAX_REFERENCE_BYTES = 2**28

# Golden vectors are compared across processors, whose matrix kernels round differently.
LATENT_TOLERANCE = 1e-4
PIXEL_TOLERANCE = 1 / 255
# Of the largest coordinate, or of 1: reference points may have been encoded on another device.
REFERENCE_TOLERANCE = 0.01
REFERENCE_SAMPLE = 64


# Type and shape of arrays by name.
Declared = Mapping[str, tuple[npt.DTypeLike, tuple[int, ...]]]


def load_artifact(folder: Path) -> Artifact:
    """Load `<repository>/<model>/<version>` after verifying all that its manifest promises.

    Raises a subclass of ArtifactError that names the file, what was expected and what was found.
    A TorchScript file is code: never pass a folder that a request named.
    """
    artifact = load_unplaced(folder)
    manifest = artifact.manifest
    if (manifest.name, str(manifest.version)) != (folder.parent.name, folder.name):
        raise ManifestInvalid(
            f"{folder / MANIFEST_FILE}: is of {manifest.name}/{manifest.version}, "
            f"but lies in {folder.parent.name}/{folder.name}"
        )
    return artifact


def load_unplaced(folder: Path) -> Artifact:
    """`load_artifact` of a folder of any name, such as one that is being published."""
    content = _read(folder / MANIFEST_FILE)
    manifest = _parse_manifest(folder / MANIFEST_FILE, content)
    for name in (MODEL_FILE, REFERENCE_FILE):
        if name not in manifest.files:
            raise ManifestInvalid(f"{folder / MANIFEST_FILE}: `files` does not list {name}")
    for name, expected in manifest.files.items():
        _check_file(folder / name, expected)
    model = load_torchscript(folder / MODEL_FILE)
    _replay_golden(folder / MODEL_FILE, model, manifest)
    reference = _load_reference(folder / REFERENCE_FILE, manifest)
    _replay_reference(folder / REFERENCE_FILE, model, reference)
    return Artifact(manifest, model, reference, digest=hashlib.sha256(content).hexdigest())


def read_digest(folder: Path) -> str:
    """What the `digest` of the version in this folder would be, without loading it.

    Raises FileMissing.
    """
    return hashlib.sha256(_read(folder / MANIFEST_FILE)).hexdigest()


def version_numbers(model_folder: Path) -> list[int]:
    """The versions in a model's folder, ascending; anything else in it is passed over."""
    return sorted(
        int(entry.name)
        for entry in model_folder.iterdir()
        if entry.is_dir() and entry.name.isascii() and entry.name.isdigit() and entry.name[0] != "0"
    )


def record_file(path: Path) -> FileRecord:
    """What a manifest says of the file. Raises OSError."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return FileRecord(size=path.stat().st_size, sha256=digest)


def _read(path: Path) -> bytes:
    if _file_size(path) > MAX_MANIFEST_BYTES:
        raise ManifestInvalid(f"{path}: expected at most {MAX_MANIFEST_BYTES} bytes, found more")
    try:
        return path.read_bytes()
    except OSError as exc:
        raise FileMissing(f"{path}: expected a readable file, found: {exc.strerror}") from exc


def _file_size(path: Path) -> int:
    """The size of an ordinary file; anything else, such as a pipe, could not be read to its end."""
    try:
        status = path.stat()
    except OSError as exc:
        raise FileMissing(f"{path}: expected a readable file, found: {exc.strerror}") from exc
    if not stat.S_ISREG(status.st_mode):
        raise FileMissing(f"{path}: expected a readable file, found: something else")
    return status.st_size


def _parse_manifest(path: Path, content: bytes) -> Manifest:
    try:
        found = SchemaVersion.model_validate_json(content).schema_version
        if found not in SCHEMA_VERSIONS:
            expected = " or ".join(map(str, SCHEMA_VERSIONS))
            raise SchemaUnsupported(f"{path}: expected schema version {expected}, found {found}")
        return Manifest.model_validate_json(content)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"])) or "the document"
        what = f"{place[:200]}: {first['msg'][:200]} ({exc.error_count()} faults in all)"
        raise ManifestInvalid(f"{path}: {what}") from exc


def _check_file(path: Path, expected: FileRecord) -> None:
    found_size = _file_size(path)
    if found_size != expected.size:  # before hashing: a size is cheap to read
        raise FileDamaged(f"{path}: expected {expected.size} bytes, found {found_size}")
    try:
        found = record_file(path)
    except OSError as exc:
        raise FileMissing(f"{path}: expected a readable file, found: {exc.strerror}") from exc
    if found.sha256 != expected.sha256:
        raise FileDamaged(f"{path}: expected SHA-256 {expected.sha256}, found {found.sha256}")


def _load_reference(path: Path, manifest: Manifest) -> Reference:
    try:
        with open_whole(path, MAX_REFERENCE_BYTES) as archive:
            names = ("coordinates", "labels", "thumbnails")
            _check_declared(path, {n: declared_array(archive, n) for n in names}, manifest)
        with np.load(path, allow_pickle=False) as arrays:
            reference = Reference(*(arrays[name] for name in names))
    except ReferenceUnreadable:
        raise
    except Exception as exc:  # as above
        raise ReferenceUnreadable(f"{path}: expected three arrays, found: {one_line(exc)}") from exc
    if not len(reference.labels) or not np.isfinite(reference.coordinates).all():
        raise ReferenceUnreadable(f"{path}: expected finite coordinates, found none or others")
    if reference.labels.max() >= len(manifest.dataset.class_names):
        count = len(manifest.dataset.class_names)
        raise ReferenceUnreadable(f"{path}: expected labels below {count}, found others")
    return reference


def _check_declared(path: Path, found: Declared, manifest: Manifest) -> None:
    """Compare the arrays' headers with the manifest, before any array is allocated."""
    count = found["labels"][1][:1]
    expected: Declared = {
        "coordinates": (np.dtype(np.float32), (*count, manifest.latent_dim)),
        "labels": (np.dtype(np.uint8), count),
        "thumbnails": (np.dtype(np.uint8), (*count, manifest.image.height, manifest.image.width)),
    }
    for name, (dtype, shape) in expected.items():
        if found[name] != (dtype, shape):
            was = f"{found[name][0]}{found[name][1]}"
            raise ReferenceUnreadable(f"{path}: expected {name} {dtype}{shape}, found {was}")


def _replay_golden(path: Path, model: LatentModel, manifest: Manifest) -> None:
    golden = manifest.golden
    images = _pictures([image.pixels for image in golden.images], manifest)
    points = np.array([point.latent for point in golden.points], np.float32)
    try:
        means, deviations = model.encode(images)
        decoded = model.decode(points)
    except Exception as exc:  # whatever the file's code raises
        raise ModelUnreadable(f"{path}: encode, decode cannot be called: {one_line(exc)}") from exc
    expected = np.array([image.mean for image in golden.images], np.float32)
    _check_close(path, "golden means", means, expected, LATENT_TOLERANCE)
    expected = np.array([image.standard_deviation for image in golden.images], np.float32)
    _check_close(path, "golden deviations", deviations, expected, LATENT_TOLERANCE)
    expected = _pictures([point.pixels for point in golden.points], manifest)
    _check_close(path, "golden pictures", decoded, expected, PIXEL_TOLERANCE)


def _replay_reference(path: Path, model: LatentModel, reference: Reference) -> None:
    """Encode some of the thumbnails again: a reference set of another version does not fit."""
    chosen = np.linspace(0, len(reference.labels) - 1, REFERENCE_SAMPLE).astype(int)
    pixels = reference.thumbnails[chosen, None].astype(np.float32) / np.float32(255)
    expected = reference.coordinates[chosen]
    tolerance = REFERENCE_TOLERANCE * max(1.0, float(np.abs(expected).max()))
    try:
        means, _ = model.encode(pixels)
        _check_close(path, "coordinates", means, expected, tolerance)
    except Exception as exc:  # GoldenMismatch, or whatever the file's code raises
        raise ReferenceUnreadable(f"{path}: not of this model: {one_line(exc)}") from exc


def _pictures(pixels: list[bytes], manifest: Manifest) -> Floats:
    shape = (len(pixels), manifest.image.channels, manifest.image.height, manifest.image.width)
    levels = np.frombuffer(b"".join(pixels), np.uint8).reshape(shape)
    return levels.astype(np.float32) / np.float32(255)


def _check_close(path: Path, what: str, found: Floats, expected: Floats, tolerance: float) -> None:
    if (found.shape, found.dtype) != (expected.shape, expected.dtype):
        expectation = f"{what} {expected.dtype}{list(expected.shape)}"
        raise GoldenMismatch(
            f"{path}: expected {expectation}, found {found.dtype}{list(found.shape)}"
        )
    # An AE's coordinates can be tens of units, where one float32 step nears 1e-5: hence rtol.
    if not np.allclose(found, expected, atol=tolerance, rtol=1e-5):
        difference = float(np.abs(found - expected).max())
        raise GoldenMismatch(
            f"{path}: expected {what} within {tolerance:.2g}, found {difference:.3g} off"
        )
