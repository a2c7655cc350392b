"""Fixtures for tests of several packages."""

from collections.abc import Iterator

import pooch
import pytest
from playwright.sync_api import Browser

from tests.browser import open_browser


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what training prepares in tests out of the user's cache."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pooch, "os_cache", lambda _: folder)
        yield


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests: Playwright can start only once in a thread."""
    with open_browser() as browser:
        yield browser
