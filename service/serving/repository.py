"""Which models a repository holds. Reads no file of a model and needs no torch."""

import re
from pathlib import Path

from service.artifact.manifest import MODEL_NAME
from service.artifact.versions import version_numbers
from service.environment import wrong
from service.errors import RepositoryUnusable

LAYOUT = "a folder of models, <model>/<version>/"


def newest_versions(repository: Path) -> dict[str, Path]:
    """The folder of each model's highest version, by name in alphabetical order.

    Raises RepositoryUnusable if the repository cannot be read.
    """
    try:
        entries = sorted(repository.iterdir())
        folders = [it for it in entries if re.fullmatch(MODEL_NAME, it.name) and it.is_dir()]
        newest = {folder: max(version_numbers(folder), default=None) for folder in folders}
    except OSError as exc:
        why = f"expected {LAYOUT}, found: {exc.strerror}"
        raise RepositoryUnusable(wrong("model_repository", repository, why)) from exc
    return {folder.name: folder / str(version) for folder, version in newest.items() if version}


def require_models(repository: Path, default_model: str) -> dict[str, Path]:
    """The newest versions. Raises RepositoryUnusable also where the default model is missing."""
    found = newest_versions(repository)
    if not found:
        why = f"expected {LAYOUT}, found no model at all"
        raise RepositoryUnusable(wrong("model_repository", repository, why))
    if default_model not in found:
        why = f"expected a model of {repository}, found {', '.join(found)}"
        example = next(iter(found))
        raise RepositoryUnusable(wrong("default_model", default_model, why, example))
    return found
