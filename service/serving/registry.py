"""The served models: the highest version of each in the repository, or why it failed to load."""

import logging
from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace
from pathlib import Path

from service.artifact.contract import Artifact
from service.artifact.errors import ArtifactError
from service.artifact.load import load_artifact, read_digest
from service.artifact.programs import RuntimeChoice
from service.errors import (
    Fault,
    ModelUnavailable,
    ModelUnknown,
    NotReady,
    RepositoryUnusable,
    pointer_to,
)
from service.serving.inference import warm_up
from service.serving.repository import newest_versions, require_models

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Catalog:
    """The state at one moment. It is replaced as a whole, so readers see consistent values."""

    artifacts: Mapping[str, Artifact] = field(default_factory=dict)
    failures: Mapping[str, str] = field(default_factory=dict)
    required: Set[str] = frozenset()  # models found at the start; readiness needs them all


class Registry:
    """The models of one repository. If one fails to load, the others are still served."""

    def __init__(
        self, repository: Path, default_model: str, runtime: RuntimeChoice = "auto"
    ) -> None:
        """List the models without loading them; `runtime` will run them.

        Raises RepositoryUnusable if the repository cannot be read or lacks the default model.
        """
        names = require_models(repository, default_model)
        self.default_model = default_model
        self._repository = repository
        self._runtime = runtime
        self._catalog = Catalog(required=frozenset(names))

    def load(self) -> None:
        """Load the newest versions in the repository. Blocks; calls must not overlap.

        A new version replaces the old one once it is verified and warm. If that fails, the old one
        stays, and the failure is logged and listed in `failures`.
        """
        try:
            found = newest_versions(self._repository)
        except RepositoryUnusable as exc:
            self._fail(self.default_model, str(exc))
            return
        self._remove_all_but(found.keys())
        for name, folder in found.items():
            self._load_model(name, folder)
        if self.default_model not in found:
            folder = self._repository / self.default_model
            self._fail(self.default_model, f"{folder}: the default model is gone")

    def require_ready(self) -> None:
        """Raise NotReady unless every model found at the start is loaded, verified and warm.

        A failed reload does not change readiness: the old version is still served.
        """
        catalog = self._catalog
        faults = [
            Fault(pointer_to("models", name), catalog.failures.get(name, "still loading"))
            for name in sorted(catalog.required - catalog.artifacts.keys())
        ]
        if faults:
            raise NotReady(faults)

    @property
    def artifacts(self) -> Mapping[str, Artifact]:
        return self._catalog.artifacts

    @property
    def failures(self) -> Mapping[str, str]:
        """Why the newest version of a model is not served, by the model's name."""
        return self._catalog.failures

    def get(self, name: str | None) -> Artifact:
        """The model of that name, or the default. Raises ModelUnknown or ModelUnavailable."""
        wanted, catalog = self.default_model if name is None else name, self._catalog
        if artifact := catalog.artifacts.get(wanted):
            return artifact
        if wanted in catalog.failures:
            raise ModelUnavailable("the model failed to load")
        if wanted in catalog.required:
            raise ModelUnavailable("the model is still loading")
        raise ModelUnknown("no model of that name is served")

    def _load_model(self, name: str, folder: Path) -> None:
        served = self._catalog.artifacts.get(name)
        try:
            if served and served.digest == read_digest(folder):
                artifact = served
            else:
                artifact = load_artifact(folder, self._runtime)
                warm_up(artifact)
        except ArtifactError as exc:
            self._fail(name, str(exc))
            return
        except Exception as exc:  # a model's code can raise anything; the others still load
            logger.exception("loading model %s raised an unexpected error", name)
            self._fail(name, f"{folder}: {type(exc).__name__} while it was loaded or warmed")
            return
        if artifact is not served:
            logger.info("model %s version %d is served", name, artifact.manifest.version)
        artifacts = {**self._catalog.artifacts, name: artifact}
        failures = {**self._catalog.failures}
        failures.pop(name, None)
        self._catalog = replace(
            self._catalog, artifacts=dict(sorted(artifacts.items())), failures=failures
        )

    def _fail(self, name: str, reason: str) -> None:
        served = self._catalog.artifacts.get(name)
        outcome = f"version {served.manifest.version} stays served" if served else "is not served"
        logger.error("model %s %s: %s", name, outcome, reason)
        failures = {**self._catalog.failures, name: reason}
        self._catalog = replace(self._catalog, failures=dict(sorted(failures.items())))

    def _remove_all_but(self, found: Set[str]) -> None:
        catalog, kept = self._catalog, found | {self.default_model}
        for name in catalog.artifacts.keys() - kept:
            logger.info("model %s is no longer served: it was removed from the repository", name)
        self._catalog = Catalog(
            artifacts={name: catalog.artifacts[name] for name in catalog.artifacts if name in kept},
            failures={name: catalog.failures[name] for name in catalog.failures if name in kept},
            required=catalog.required & kept,
        )
