"""Why an artifact cannot be loaded or published.

ArtifactError               an artifact is damaged, incomplete or differs from its manifest
├── FileMissing             a file is not there or cannot be read
├── ManifestInvalid         manifest.json does not have the documented shape
├── SchemaUnsupported       the manifest has another schema version
├── FileDamaged             size or SHA-256 differs from the manifest
├── ModelUnreadable         a program cannot be loaded, or cannot be called
├── ProgramMissing          the version has no program for the runtime that was asked for
├── ReferenceUnreadable     reference.npz lacks the arrays that the manifest promises
├── GoldenMismatch          the model loads but does not reproduce its golden vectors
├── NotWritten              a version cannot be written: a full disk, a read-only folder
└── VersionExists           the version to publish exists; versions are never overwritten
"""


class ArtifactError(Exception): ...


class FileMissing(ArtifactError): ...


class ManifestInvalid(ArtifactError): ...


class SchemaUnsupported(ArtifactError): ...


class FileDamaged(ArtifactError): ...


class ModelUnreadable(ArtifactError): ...


class ProgramMissing(ArtifactError): ...


class ReferenceUnreadable(ArtifactError): ...


class GoldenMismatch(ArtifactError): ...


class NotWritten(ArtifactError): ...


class VersionExists(ArtifactError): ...


def one_line(exc: Exception) -> str:
    """An error in one short line. Of TorchScript's dozens of lines, the last says most."""
    lines = [line for line in str(exc).splitlines() if line.strip()] or [""]
    telling = lines[-1] if "TorchScript" in lines[0] else lines[0]
    return f"{type(exc).__name__} {telling.strip()[:200]}"
