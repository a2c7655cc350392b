"""The contract between training and service: an artifact version on disk, and how it is verified.

`<repository>/<model>/<version>/` holds `manifest.json`, `model.pt` (TorchScript) and
`reference.npz`. It is written by `service.publication`, which loads what it wrote with the checks
that stand here, so that neither side can drift.
"""

import contextlib
import hashlib
import stat
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol, cast

import numpy as np
import numpy.typing as npt
import torch
from pydantic import ValidationError
from torch import Tensor

from service.archives import declared_array, open_whole
from service.errors import (
    FileDamaged,
    FileMissing,
    GoldenMismatch,
    ManifestInvalid,
    ModelUnreadable,
    ReferenceUnreadable,
    SchemaUnsupported,
)
from service.manifest import (
    SCHEMA_VERSIONS,
    FileRecord,
    Manifest,
    SchemaVersion,
)

MANIFEST_FILE = "manifest.json"
MODEL_FILE = "model.pt"
REFERENCE_FILE = "reference.npz"

# What an artifact may cost before it is known to be right: a manifest is read, archives unpack.
MAX_MANIFEST_BYTES = 16 * 2**20
MAX_MODEL_BYTES = 2**30
MAX_REFERENCE_BYTES = 2**28

# Golden vectors are compared across processors, whose matrix kernels round differently.
LATENT_TOLERANCE = 1e-4
PIXEL_TOLERANCE = 1 / 255
# Of the largest coordinate, or of 1: reference points may have been encoded on another device.
REFERENCE_TOLERANCE = 0.01
REFERENCE_SAMPLE = 64


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

    @cached_property
    def axes(self) -> npt.NDArray[np.float64]:
        """[D, N] coordinates, one dimension after the other, as a search reads them."""
        return np.ascontiguousarray(self.coordinates.T, dtype=np.float64)


# Type and shape of arrays by name.
Declared = Mapping[str, tuple[npt.DTypeLike, tuple[int, ...]]]


@dataclass(frozen=True)
class Artifact:
    """A loaded and verified version. `digest` is the SHA-256 of its manifest, thus of all of it."""

    manifest: Manifest
    model: LatentModel
    reference: Reference
    digest: str


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
    model = _load_model(folder / MODEL_FILE)
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


@contextlib.contextmanager
def torchscript_allowed() -> Iterator[None]:
    """Silence PyTorch's notice that TorchScript is deprecated, here and in training.export only.

    TorchScript is this project's artifact format and torch is pinned; see docs/artifact.md.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r".*torch\.jit\.", category=DeprecationWarning)
        yield


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


def _load_model(path: Path) -> LatentModel:
    try:
        with open_whole(path, MAX_MODEL_BYTES), torchscript_allowed():
            module = torch.jit.load(str(path), map_location="cpu")  # type: ignore[no-untyped-call]
    # Readers of hostile bytes raise nearly every built-in error; whichever it is, the file is at
    # fault.
    except Exception as exc:
        raise ModelUnreadable(f"{path}: expected TorchScript, found: {_reason(exc)}") from exc
    for method in ("encode", "decode"):
        if not hasattr(module, method):
            raise ModelUnreadable(f"{path}: expected a method `{method}`, found none")
    return cast(LatentModel, module.eval())


def _reason(exc: Exception) -> str:
    """An error in one short line; TorchScript's own have dozens, the last of them telling."""
    lines = [line for line in str(exc).splitlines() if line.strip()] or [""]
    telling = lines[-1] if "TorchScript" in lines[0] else lines[0]
    return f"{type(exc).__name__} {telling.strip()[:200]}"


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
        raise ReferenceUnreadable(f"{path}: expected three arrays, found: {_reason(exc)}") from exc
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
    images = _pictures([golden.pixels for golden in manifest.golden.images], manifest)
    points = torch.tensor([golden.latent for golden in manifest.golden.points])
    pictures = _pictures([golden.pixels for golden in manifest.golden.points], manifest)
    try:
        with torch.inference_mode():
            means, deviations = model.encode(images)
            decoded = model.decode(points)
    except Exception as exc:  # whatever the file's code raises
        raise ModelUnreadable(f"{path}: encode, decode cannot be called: {_reason(exc)}") from exc
    expected_means = torch.tensor([golden.mean for golden in manifest.golden.images])
    expected_deviations = torch.tensor(
        [golden.standard_deviation for golden in manifest.golden.images]
    )
    _check_close(path, "golden means", means, expected_means, LATENT_TOLERANCE)
    _check_close(path, "golden deviations", deviations, expected_deviations, LATENT_TOLERANCE)
    _check_close(path, "golden pictures", decoded, pictures, PIXEL_TOLERANCE)


def _replay_reference(path: Path, model: LatentModel, reference: Reference) -> None:
    """Encode some of the thumbnails again: a reference of another version does not fit."""
    chosen = np.linspace(0, len(reference.labels) - 1, REFERENCE_SAMPLE).astype(int)
    pixels = reference.thumbnails[chosen, None].astype(np.float32) / np.float32(255)
    expected = torch.from_numpy(reference.coordinates[chosen])
    tolerance = REFERENCE_TOLERANCE * max(1.0, expected.abs().max().item())
    try:
        with torch.inference_mode():
            means, _ = model.encode(torch.from_numpy(pixels))
        _check_close(path, "coordinates", means, expected, tolerance)
    except Exception as exc:  # GoldenMismatch, or whatever the file's code raises
        raise ReferenceUnreadable(f"{path}: not of this model: {_reason(exc)}") from exc


def _pictures(pixels: list[bytes], manifest: Manifest) -> Tensor:
    shape = (len(pixels), manifest.image.channels, manifest.image.height, manifest.image.width)
    levels = np.frombuffer(b"".join(pixels), np.uint8).reshape(shape)
    return torch.from_numpy(levels.astype(np.float32) / np.float32(255))


def _check_close(path: Path, what: str, found: Tensor, expected: Tensor, tolerance: float) -> None:
    if not isinstance(found, Tensor):
        raise GoldenMismatch(f"{path}: expected {what}, found {type(found).__name__}")
    if (found.shape, found.dtype) != (expected.shape, expected.dtype):
        expectation = f"{what} {expected.dtype}{list(expected.shape)}"
        raise GoldenMismatch(
            f"{path}: expected {expectation}, found {found.dtype}{list(found.shape)}"
        )
    # An AE's coordinates can be tens of units, where one float32 step nears 1e-5: hence rtol.
    if not torch.allclose(found, expected, atol=tolerance, rtol=1e-5):
        difference = (found - expected).abs().max().item()
        raise GoldenMismatch(
            f"{path}: expected {what} within {tolerance:.2g}, found {difference:.3g} off"
        )
