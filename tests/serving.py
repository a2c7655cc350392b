"""Runs the app in the test's own process."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from service.app import create_app
from service.settings import Settings


@contextmanager
def serving(repository: Path, **settings: Any) -> Iterator[TestClient]:
    """A client of an app that has finished loading, with or without failures."""
    with TestClient(create_app(Settings(model_repository=repository, **settings))) as client:
        wait_until_loaded(client)
        yield client


def app_of(client: TestClient) -> FastAPI:
    assert isinstance(client.app, FastAPI)
    return client.app


def wait_until_loaded(client: TestClient) -> None:
    """Block until the app has finished loading in the background."""
    loading = app_of(client).state.loading

    async def finish() -> None:
        await loading

    assert client.portal is not None
    client.portal.call(finish)
