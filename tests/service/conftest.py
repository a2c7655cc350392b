"""A live app on tiny real artifacts: a VAE and an AE."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from service.app import create_app
from service.settings import Settings
from tests import tiny


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
    with TestClient(create_app(Settings(model_repository=folder))) as test_client:
        wait_until_loaded(test_client)
        yield test_client


@pytest.fixture(scope="module")
def client(repository: Path) -> Iterator[TestClient]:
    """A client of a ready app."""
    with TestClient(create_app(Settings(model_repository=repository))) as test_client:
        wait_until_loaded(test_client)
        yield test_client


def wait_until_loaded(client: TestClient) -> None:
    """Block until the app's background loading has ended, well or not."""
    assert isinstance(client.app, FastAPI)
    loading = client.app.state.loading

    async def finish() -> None:
        await loading

    assert client.portal is not None
    client.portal.call(finish)
