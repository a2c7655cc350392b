"""The page with the embedded models, in a browser that can reach only its server."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser

from service.settings import Settings
from tests.browser import Visit, open_page
from tests.explorer.atlas import Atlas
from tests.server import serve


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    with serve(["-m", "service"], Settings().model_repository) as (address, _):
        yield address


@pytest.fixture
def atlas(browser: Browser, address: str) -> Iterator[Atlas]:
    """The ready page. Afterwards checks that it logged nothing and contacted no other host."""
    with open_page(browser, address, "/") as visit, client(visit) as service:
        atlas = Atlas(visit.page, service, visit.complaints)
        atlas.wait()
        yield atlas
        assert (visit.elsewhere, visit.complaints) == ([], [])


def client(visit: Visit) -> httpx.Client:
    """A client of the page's server, for comparison."""
    return httpx.Client(base_url=visit.address, timeout=60)
