"""Why an artifact on disk cannot be used, or not be written.

ArtifactError
├── FileMissing
├── ManifestInvalid
├── SchemaUnsupported
├── FileDamaged             size or SHA-256 differs from the manifest
├── ModelUnreadable         not TorchScript, or TorchScript without the two methods
├── ReferenceUnreadable
├── GoldenMismatch          the model loads but does not compute what it used to
└── VersionExists
"""


class ArtifactError(Exception):
    """An artifact is damaged, incomplete or not what its manifest says."""


class FileMissing(ArtifactError):
    """A file that the artifact needs is not there."""


class ManifestInvalid(ArtifactError):
    """manifest.json is not JSON of the documented shape."""


class SchemaUnsupported(ArtifactError):
    """The manifest was written for another schema version."""


class FileDamaged(ArtifactError):
    """A file differs from the size or SHA-256 in the manifest."""


class ModelUnreadable(ArtifactError):
    """model.pt is not a TorchScript module with `encode` and `decode`."""


class ReferenceUnreadable(ArtifactError):
    """reference.npz does not hold the arrays that the manifest promises."""


class GoldenMismatch(ArtifactError):
    """The model does not reproduce its golden vectors."""


class VersionExists(ArtifactError):
    """The version to be published is there already; versions are never overwritten."""


def one_line(exc: Exception) -> str:
    """An error in one short line; TorchScript's have dozens, of which the last one says most."""
    lines = [line for line in str(exc).splitlines() if line.strip()] or [""]
    telling = lines[-1] if "TorchScript" in lines[0] else lines[0]
    return f"{type(exc).__name__} {telling.strip()[:200]}"
