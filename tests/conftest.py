"""Fixtures for tests of several packages."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser import open_browser


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests: Playwright can start only once in a thread."""
    with open_browser() as browser:
        yield browser
