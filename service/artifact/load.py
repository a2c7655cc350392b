"""Loads an artifact version and checks everything that its manifest promises."""

import contextlib
import hashlib
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from service.artifact.archives import declared_array, open_whole
from service.artifact.arrays import Floats
from service.artifact.contract import (
    MANIFEST_FILE,
    PROGRAM_FILES,
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
from service.artifact.invariance import LOADED_SIZES, is_batch_invariant
from service.artifact.manifest import (
    SCHEMA_VERSIONS,
    FileRecord,
    Manifest,
    SchemaVersion,
    parse_manifest,
)
from service.artifact.programs import RuntimeChoice, choose_runtime, load_program

# Limits on a manifest that is read and an archive that unpacks, before either is verified.
MAX_MANIFEST_BYTES = 16 * 2**20
MAX_PROGRAM_BYTES = 2**30
MAX_REFERENCE_BYTES = 2**28
# Of all other files together, such as figures. They are hashed, but not read.
MAX_OTHER_BYTES = 2**26

# Golden vectors may come from another processor, whose matrix kernels round differently.
LATENT_TOLERANCE = 1e-4
PIXEL_TOLERANCE = 1 / 255
# A fraction of the largest coordinate, or of 1: the reference may come from another device.
REFERENCE_TOLERANCE = 0.01
REFERENCE_SAMPLE = 64

# Type and shape of arrays by name.
Declared = Mapping[str, tuple[npt.DTypeLike, tuple[int, ...]]]


def load_artifact(folder: Path, runtime: RuntimeChoice = "auto") -> Artifact:
    """Load and verify `<repository>/<model>/<version>`, to run in this runtime.

    Raises a subclass of ArtifactError that names the file, what was expected and what was found.
    TorchScript is code: never pass a folder that comes from a request.
    """
    if not folder.is_dir():
        raise FileMissing(f"{folder}: expected an artifact's folder, found none")
    artifact = load_unplaced(folder, runtime)
    manifest = artifact.manifest
    if (manifest.name, str(manifest.version)) != (folder.parent.name, folder.name):
        raise ManifestInvalid(
            f"{folder / MANIFEST_FILE}: is of {manifest.name}/{manifest.version}, "
            f"but lies in {folder.parent.name}/{folder.name}"
        )
    return artifact


def load_unplaced(folder: Path, runtime: RuntimeChoice = "auto") -> Artifact:
    """`load_artifact` for a folder with any name, such as one that is being published."""
    content = _read(folder / MANIFEST_FILE)
    manifest = _parse_manifest(folder / MANIFEST_FILE, content)
    _check_is_supported(folder / MANIFEST_FILE, manifest)
    _check_sizes(folder / MANIFEST_FILE, manifest.files)
    for name, expected in manifest.files.items():
        _check_file(folder / name, expected)
    chosen = choose_runtime(folder, manifest.programs, runtime)
    path = folder / PROGRAM_FILES[chosen][0]  # that errors name
    model = load_program(folder, chosen)
    _replay_golden(path, model, manifest)
    reference = _load_reference(folder / REFERENCE_FILE, manifest)
    _replay_reference(folder / REFERENCE_FILE, path, model, reference)
    program = manifest.programs.of(chosen)
    assert program is not None
    return Artifact(
        manifest,
        model,
        reference,
        digest=hashlib.sha256(content).hexdigest(),
        runtime=chosen,
        # Published as invariant on another processor, it may not be on this one.
        is_batch_invariant=program.batch_invariant
        and is_batch_invariant(model, manifest.image.shape, manifest.latent_dim, LOADED_SIZES),
    )


def read_digest(folder: Path) -> str:
    """The `digest` of the version in this folder, which is not loaded.

    Raises FileMissing or ManifestInvalid.
    """
    return hashlib.sha256(_read(folder / MANIFEST_FILE)).hexdigest()


def record_file(path: Path) -> FileRecord:
    """Size and SHA-256 of the file. Raises OSError."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return FileRecord(size=path.stat().st_size, sha256=digest)


def _read(path: Path) -> bytes:
    limit = MAX_MANIFEST_BYTES
    with _readable_file(path) as size:
        if size > limit:
            raise ManifestInvalid(f"{path}: expected at most {limit} bytes, found more")
        return path.read_bytes()


@contextlib.contextmanager
def _readable_file(path: Path) -> Iterator[int]:
    """The size of a file that is about to be read. A read that fails raises FileMissing.

    Only regular files are readable: a pipe, for example, may never end.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise FileMissing(f"{path}: expected a readable file, found: something else")
        yield status.st_size
    except OSError as exc:
        raise FileMissing(f"{path}: expected a readable file, found: {exc.strerror}") from exc


def _parse_manifest(path: Path, content: bytes) -> Manifest:
    try:
        found = SchemaVersion.model_validate_json(content).schema_version
        if found not in SCHEMA_VERSIONS:
            expected = " or ".join(map(str, SCHEMA_VERSIONS))
            raise SchemaUnsupported(f"{path}: expected schema version {expected}, found {found}")
        return parse_manifest(content, found)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False, include_context=False)[0]
        key = ".".join(map(str, first["loc"])) or "the document"
        what = f"{key[:200]}: {first['msg'][:200]} (1 of {exc.error_count()} errors)"
        raise ManifestInvalid(f"{path}: {what}") from exc
    except ValueError as exc:  # a field that its schema version does not have
        raise ManifestInvalid(f"{path}: {exc}") from exc


def _check_is_supported(path: Path, manifest: Manifest) -> None:
    names = [REFERENCE_FILE]
    for runtime, files in PROGRAM_FILES.items():
        names += files if manifest.programs.of(runtime) else ()
    for name in names:
        if name not in manifest.files:
            raise ManifestInvalid(f"{path}: `files` does not list {name}")
    if manifest.image.channels != 1:
        raise ManifestInvalid(f"{path}: image.channels: expected 1 (grey), the only kind served")


def _check_sizes(path: Path, files: Mapping[str, FileRecord]) -> None:
    """Refuse by the declared sizes what would take long to hash."""
    limits = {name: MAX_PROGRAM_BYTES for names in PROGRAM_FILES.values() for name in names}
    limits[REFERENCE_FILE] = MAX_REFERENCE_BYTES
    sizes = [(name, files[name].size, limit) for name, limit in limits.items() if name in files]
    other = sum(record.size for name, record in files.items() if name not in limits)
    for name, size, limit in (*sizes, ("the other files together", other, MAX_OTHER_BYTES)):
        if size > limit:
            raise ManifestInvalid(
                f"{path}: expected at most {limit} bytes for {name}, found {size}"
            )


def _check_file(path: Path, expected: FileRecord) -> None:
    with _readable_file(path) as size:
        if size != expected.size:  # cheaper to find than another hash
            raise FileDamaged(f"{path}: expected {expected.size} bytes, found {size}")
        found = record_file(path)
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
    except Exception as exc:  # zipfile and NumPy raise nearly every built-in error
        raise ReferenceUnreadable(f"{path}: expected three arrays, found: {one_line(exc)}") from exc
    if not len(reference.labels) or not np.isfinite(reference.coordinates).all():
        raise ReferenceUnreadable(f"{path}: expected finite coordinates, found none or others")
    count = len(manifest.dataset.class_names)
    if reference.labels.max() >= count:
        raise ReferenceUnreadable(f"{path}: expected labels below {count}, found others")
    return reference


def _check_declared(path: Path, found: Declared, manifest: Manifest) -> None:
    """Compare the arrays' headers with the manifest before allocating any array."""
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


def _replay_reference(path: Path, program: Path, model: LatentModel, reference: Reference) -> None:
    """Encode some thumbnails again, to find a reference that belongs to another version."""
    chosen = np.linspace(0, len(reference.labels) - 1, REFERENCE_SAMPLE).astype(int)
    pixels = reference.thumbnails[chosen, None].astype(np.float32) / np.float32(255)
    expected = reference.coordinates[chosen]
    tolerance = REFERENCE_TOLERANCE * max(1.0, float(np.abs(expected).max()))
    try:
        means, deviations = model.encode(pixels)
        _check_close(path, "coordinates", means, expected, tolerance)
    except Exception as exc:  # GoldenMismatch, or whatever the file's code raises
        raise ReferenceUnreadable(f"{path}: belongs to another model: {one_line(exc)}") from exc
    if not (deviations >= 0).all():
        raise ModelUnreadable(
            f"{program}: expected standard deviations of at least 0, found "
            f"{deviations.min():.3g}; a model that gives the log variance v must give exp(v / 2)"
        )


def _pictures(pixels: list[bytes], manifest: Manifest) -> Floats:
    shape = (len(pixels), manifest.image.channels, manifest.image.height, manifest.image.width)
    levels = np.frombuffer(b"".join(pixels), np.uint8).reshape(shape)
    return levels.astype(np.float32) / np.float32(255)


def _check_close(path: Path, what: str, found: Floats, expected: Floats, tolerance: float) -> None:
    if (found.shape, found.dtype) != (expected.shape, expected.dtype):
        raise GoldenMismatch(
            f"{path}: expected {what} {expected.dtype}{list(expected.shape)}, "
            f"found {found.dtype}{list(found.shape)}"
        )
    # An AE's coordinates can be in the tens, where one float32 step is nearly 1e-5: hence rtol.
    if not np.allclose(found, expected, atol=tolerance, rtol=1e-5):
        difference = float(np.abs(found - expected).max())
        raise GoldenMismatch(
            f"{path}: expected {what} within {tolerance:.2g}, found {difference:.3g} off"
        )
