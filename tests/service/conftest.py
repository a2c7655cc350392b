"""A running app with tiny real artifacts: a VAE and an AE."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests import tiny
from tests.serving import serving


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model repository that no test changes."""
    folder = tmp_path_factory.mktemp("repository")
    tiny.publish(folder, "vae")
    tiny.publish(folder, "ae")
    return folder


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A client of a ready app whose only model has three latent dimensions."""
    folder = tmp_path_factory.mktemp("repository")
    tiny.publish(folder, "vae", latent_dim=3)
    with serving(folder) as test_client:
        yield test_client


@pytest.fixture(scope="module")
def client(repository: Path) -> Iterator[TestClient]:
    """A client of a ready app."""
    with serving(repository) as test_client:
        yield test_client
