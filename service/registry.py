"""What is served: the highest version of each model in the repository, or why it is not."""

import logging
from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from service.artifact import Artifact, load_artifact, version_numbers
from service.errors import (
    Fault,
    ModelUnavailable,
    ModelUnknown,
    NotReady,
    RepositoryUnusable,
    ServiceError,
    pointer,
)
from service.inference import warm_up
from service.manifest import ModelName

logger = logging.getLogger(__name__)


class Registry:
    """The models of one repository; one that fails to load leaves the others served."""

    def __init__(self, repository: Path, default_model: str) -> None:
        """Look at what is there without loading it.

        Raises RepositoryUnusable where there is nothing to serve, or no default model.
        """
        self._versions = _find_versions(repository)
        if default_model not in self._versions:
            found = ", ".join(self._versions) or "no model at all"
            raise RepositoryUnusable(
                f"{repository}: expected the default model {default_model!r}, found {found}"
            )
        self.default_model = default_model
        self._artifacts: dict[str, Artifact] = {}
        self._failures: dict[str, str] = {}

    def load(self) -> None:
        """Load, verify and warm every model; failures are logged and kept for `failures`."""
        for name, folder in self._versions.items():
            try:
                artifact = load_artifact(folder)
                warm_up(artifact)
            except ServiceError as exc:
                logger.error("model %s is not served: %s", name, exc)
                self._failures[name] = str(exc)
            else:
                logger.info("model %s version %d is served", name, artifact.manifest.version)
                self._artifacts[name] = artifact

    def require_ready(self) -> None:
        """Raise NotReady unless every model is loaded, verified and warm."""
        waiting = [name for name in self._versions if name not in self._artifacts]
        if waiting:
            raise NotReady(
                [
                    Fault(pointer("models", name), self._failures.get(name, "still loading"))
                    for name in waiting
                ]
            )

    @property
    def artifacts(self) -> Mapping[str, Artifact]:
        """The models that are served, by name."""
        return self._artifacts

    @property
    def failures(self) -> Mapping[str, str]:
        """Why a model is not served, by name."""
        return self._failures

    def get(self, name: str | None) -> Artifact:
        """The model of that name, or the default.

        Raises ModelUnknown or ModelUnavailable.
        """
        wanted = self.default_model if name is None else name
        if artifact := self._artifacts.get(wanted):
            return artifact
        if wanted in self._versions:
            state = "failed to load" if wanted in self._failures else "is still loading"
            raise ModelUnavailable(f"the model {state}")
        raise ModelUnknown("no model of that name is served")


def _find_versions(repository: Path) -> dict[str, Path]:
    """The folder of the highest version of each model, by name in alphabetical order."""
    try:
        folders = sorted(entry for entry in repository.iterdir() if _names_model(entry))
    except OSError as exc:
        raise RepositoryUnusable(f"{repository}: cannot be read: {exc.strerror}") from exc
    versions = {folder.name: version_numbers(folder) for folder in folders}
    return {
        name: repository / name / str(numbers[-1]) for name, numbers in versions.items() if numbers
    }


def _names_model(entry: Path) -> bool:
    try:
        TypeAdapter(ModelName).validate_python(entry.name)
    except ValidationError:
        return False
    return entry.is_dir()
