"""The contract between training and service: an artifact version on disk, whole or not there.

`<repository>/<model>/<version>/` holds `manifest.json`, `model.pt` (TorchScript) and
`reference.npz`. Writing and loading meet here, so that neither side can drift.
"""

import contextlib
import hashlib
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

import numpy as np
import numpy.typing as npt
import torch
from pydantic import ValidationError
from torch import Tensor

from service.errors import (
    FileDamaged,
    FileMissing,
    GoldenMismatch,
    ManifestInvalid,
    ModelUnreadable,
    ReferenceUnreadable,
    SchemaUnsupported,
    VersionExists,
)
from service.manifest import (
    SCHEMA_VERSION,
    Description,
    FileRecord,
    Manifest,
    SchemaVersion,
)

MANIFEST_FILE = "manifest.json"
MODEL_FILE = "model.pt"
REFERENCE_FILE = "reference.npz"

# Golden vectors are compared across processors, whose matrix kernels round differently.
LATENT_TOLERANCE = 1e-4
PIXEL_TOLERANCE = 1 / 255


class LatentModel(Protocol):
    """What a `model.pt` can do, whatever its kind; both methods are deterministic."""

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """[B, 1, H, W] in 0..1 -> mean [B, D] and standard deviation [B, D] (0 for an AE)."""

    def decode(self, latents: Tensor) -> Tensor:
        """[B, D] -> [B, 1, H, W] in 0..1."""


@dataclass(frozen=True)
class Reference:
    """Held-out images in latent space, for maps and for 'is this where data lives?'."""

    coordinates: npt.NDArray[np.float32]  # [N, D]
    labels: npt.NDArray[np.uint8]  # [N], index into the dataset's class names
    thumbnails: npt.NDArray[np.uint8]  # [N, H, W] grey levels


@dataclass(frozen=True)
class Artifact:
    """A loaded and verified version. `digest` is the SHA-256 of its manifest, thus of all of it."""

    manifest: Manifest
    model: LatentModel
    reference: Reference
    digest: str


def write_artifact(
    repository: Path,
    description: Description,
    model: torch.jit.ScriptModule,
    reference: Reference,
    attachments: Mapping[str, bytes],
    examine: Callable[[Artifact], None],
) -> Path:
    """Publish the next version of `description.name` and return its folder.

    The version is written to a temporary folder beside its place, loaded back with every check
    of `load_artifact`, shown to `examine` (which raises to refuse it) and only then renamed.
    `attachments` are further files by relative name, such as figures.
    Raises ArtifactError; on any error nothing is left behind.
    """
    model_folder = repository / description.name
    model_folder.mkdir(parents=True, exist_ok=True)
    version = 1 + max(version_numbers(model_folder), default=0)
    staging = Path(tempfile.mkdtemp(prefix=".publishing-", dir=model_folder))
    try:
        _write_files(staging, description, version, model, reference, attachments)
        examine(_load_verified(staging))
        return _publish(staging, model_folder / str(version))
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def load_artifact(folder: Path) -> Artifact:
    """Load `<repository>/<model>/<version>` after verifying all that its manifest promises.

    Raises a subclass of ArtifactError that names the file, what was expected and what was found.
    A TorchScript file is code: never pass a folder that a request named.
    """
    artifact = _load_verified(folder)
    manifest = artifact.manifest
    if (manifest.name, str(manifest.version)) != (folder.parent.name, folder.name):
        raise ManifestInvalid(
            f"{folder / MANIFEST_FILE}: is of {manifest.name}/{manifest.version}, "
            f"but lies in {folder.parent.name}/{folder.name}"
        )
    return artifact


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


@contextlib.contextmanager
def torchscript_allowed() -> Iterator[None]:
    """Silence PyTorch's notice that TorchScript is deprecated, here and in training.export only.

    TorchScript is this project's artifact format and torch is pinned; see docs/artifact.md.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r".*torch\.jit\.", category=DeprecationWarning)
        yield


def _write_files(
    folder: Path,
    description: Description,
    version: int,
    model: torch.jit.ScriptModule,
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
    files = {name: _record(folder / name) for name in (MODEL_FILE, REFERENCE_FILE, *attachments)}
    manifest = Manifest(schema_version=1, version=version, files=files, **dict(description))
    (folder / MANIFEST_FILE).write_text(manifest.model_dump_json(indent=2) + "\n")


def _publish(staging: Path, target: Path) -> Path:
    for path in (*staging.rglob("*"), staging):
        _sync(path)
    staging.chmod(0o755)  # mkdtemp's 0700 would lock out a service that runs as another user
    try:
        # os.rename replaces an empty folder, so an existing one is refused first; a version that
        # another process publishes in between is not empty and makes rename itself fail.
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


def _load_verified(folder: Path) -> Artifact:
    content = _read(folder / MANIFEST_FILE)
    manifest = _parse_manifest(folder / MANIFEST_FILE, content)
    for name in (MODEL_FILE, REFERENCE_FILE):
        if name not in manifest.files:
            raise ManifestInvalid(f"{folder / MANIFEST_FILE}: `files` does not list {name}")
    for name, expected in manifest.files.items():
        _check_file(folder / name, expected)
    model = _load_model(folder / MODEL_FILE)
    _replay_golden(folder / MODEL_FILE, model, manifest)
    return Artifact(
        manifest=manifest,
        model=model,
        reference=_load_reference(folder / REFERENCE_FILE, manifest),
        digest=hashlib.sha256(content).hexdigest(),
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise FileMissing(f"{path}: expected a readable file, found: {exc.strerror}") from exc


def _parse_manifest(path: Path, content: bytes) -> Manifest:
    try:
        found = SchemaVersion.model_validate_json(content).schema_version
        if found != SCHEMA_VERSION:
            raise SchemaUnsupported(
                f"{path}: expected schema version {SCHEMA_VERSION}, found {found}"
            )
        return Manifest.model_validate_json(content)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"])) or "the document"
        raise ManifestInvalid(
            f"{path}: {place}: {first['msg']} ({exc.error_count()} faults in all)"
        ) from exc


def _record(path: Path) -> FileRecord:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return FileRecord(size=path.stat().st_size, sha256=digest)


def _check_file(path: Path, expected: FileRecord) -> None:
    try:
        found_size = path.stat().st_size
        if found_size != expected.size:  # before hashing: a size is cheap to read
            raise FileDamaged(f"{path}: expected {expected.size} bytes, found {found_size}")
        found = _record(path)
    except OSError as exc:
        raise FileMissing(f"{path}: expected a readable file, found: {exc.strerror}") from exc
    if found.sha256 != expected.sha256:
        raise FileDamaged(f"{path}: expected SHA-256 {expected.sha256}, found {found.sha256}")


def _load_model(path: Path) -> LatentModel:
    try:
        with torchscript_allowed():
            module = torch.jit.load(str(path), map_location="cpu")  # type: ignore[no-untyped-call]
    except (RuntimeError, ValueError) as exc:
        reason = str(exc).partition("\n")[0]
        raise ModelUnreadable(f"{path}: expected TorchScript, found: {reason}") from exc
    for method in ("encode", "decode"):
        if not hasattr(module, method):
            raise ModelUnreadable(f"{path}: expected a method `{method}`, found none")
    return cast(LatentModel, module.eval())


def _load_reference(path: Path, manifest: Manifest) -> Reference:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            reference = Reference(arrays["coordinates"], arrays["labels"], arrays["thumbnails"])
    except (OSError, ValueError, KeyError, EOFError) as exc:
        raise ReferenceUnreadable(f"{path}: expected three arrays, found: {exc}") from exc
    count = len(reference.labels)
    _check_array(
        path, "coordinates", reference.coordinates, np.float32, (count, manifest.latent_dim)
    )
    _check_array(path, "labels", reference.labels, np.uint8, (count,))
    shape = (count, manifest.image.height, manifest.image.width)
    _check_array(path, "thumbnails", reference.thumbnails, np.uint8, shape)
    if count == 0 or not np.isfinite(reference.coordinates).all():
        raise ReferenceUnreadable(f"{path}: expected finite coordinates, found none or others")
    return reference


def _check_array(
    path: Path,
    name: str,
    array: npt.NDArray[np.generic],
    dtype: type[np.generic],
    shape: tuple[int, ...],
) -> None:
    if array.dtype != dtype or array.shape != shape:
        raise ReferenceUnreadable(
            f"{path}: expected {name} {dtype.__name__}{shape}, found {array.dtype}{array.shape}"
        )


def _replay_golden(path: Path, model: LatentModel, manifest: Manifest) -> None:
    images = _pictures([golden.pixels for golden in manifest.golden.images], manifest)
    points = torch.tensor([golden.latent for golden in manifest.golden.points])
    pictures = _pictures([golden.pixels for golden in manifest.golden.points], manifest)
    try:
        with torch.inference_mode():
            means, deviations = model.encode(images)
            decoded = model.decode(points)
    except (RuntimeError, TypeError, ValueError) as exc:
        reason = str(exc).strip().rpartition("\n")[2]
        raise ModelUnreadable(f"{path}: encode and decode cannot be called: {reason}") from exc
    expected_means = torch.tensor([golden.mean for golden in manifest.golden.images])
    expected_deviations = torch.tensor(
        [golden.standard_deviation for golden in manifest.golden.images]
    )
    _check_close(path, "golden means", means, expected_means, LATENT_TOLERANCE)
    _check_close(path, "golden deviations", deviations, expected_deviations, LATENT_TOLERANCE)
    _check_close(path, "golden pictures", decoded, pictures, PIXEL_TOLERANCE)


def _pictures(pixels: list[bytes], manifest: Manifest) -> Tensor:
    shape = (len(pixels), manifest.image.channels, manifest.image.height, manifest.image.width)
    levels = np.frombuffer(b"".join(pixels), np.uint8).reshape(shape)
    return torch.from_numpy(levels.astype(np.float32) / np.float32(255))


def _check_close(path: Path, what: str, found: Tensor, expected: Tensor, tolerance: float) -> None:
    if not isinstance(found, Tensor) or found.shape != expected.shape:
        shape = getattr(found, "shape", type(found).__name__)
        raise GoldenMismatch(f"{path}: expected {what} of {expected.shape}, found {shape}")
    # An AE's coordinates can be tens of units, where one float32 step nears 1e-5: hence rtol.
    if not torch.allclose(found, expected, atol=tolerance, rtol=1e-5):
        difference = (found - expected).abs().max().item()
        raise GoldenMismatch(
            f"{path}: expected {what} within {tolerance:.2g}, found {difference:.3g} off"
        )
