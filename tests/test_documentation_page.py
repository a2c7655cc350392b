"""Opens /docs in a real browser that can reach only the server."""

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Route, expect

from service.settings import Settings
from tests import tiny
from tests.browser import Visit, open_page
from tests.server import serve

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A ready server with the embedded models."""
    with serve(["-m", "service"], Settings().model_repository) as (address, _):
        yield address


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Visit]:
    """The open page /docs of that server."""
    with open_page(browser, address, "/docs") as visit:
        yield visit


def try_out(visit: Visit, operation: str) -> None:
    """Send an operation's example from the page."""
    execute(open_operation(visit, operation))


def open_operation(visit: Visit, operation: str) -> Locator:
    """Open an operation on the page, ready to try out."""
    block = visit.page.locator(f"[id$='-{operation}'].opblock")
    block.locator(".opblock-summary-control").click()
    block.get_by_role("button", name="Try it out").click()
    return block


def execute(block: Locator) -> None:
    """Send the operation's fields and expect a 200."""
    block.get_by_role("button", name="Execute").click()
    expect(block.locator(".live-responses-table .response .response-col_status")).to_contain_text(
        "200"
    )


def test_every_operation_is_shown(visit: Visit) -> None:
    document = httpx.get(f"{visit.address}/openapi.json").json()

    summaries = [
        operation["summary"]
        for methods in document["paths"].values()
        for operation in methods.values()
    ]

    expect(visit.page.locator(".opblock")).to_have_count(len(summaries))
    for summary in summaries:
        expect(visit.page.get_by_text(summary, exact=True)).to_be_visible()
    assert (visit.elsewhere, visit.complaints) == ([], [])


def test_numbers_can_be_tried(visit: Visit) -> None:
    try_out(visit, "decode_pixels")

    answer = visit.page.locator(".live-responses-table .highlight-code").first
    expect(answer).to_contain_text('"model": "vae"')
    assert (visit.elsewhere, visit.complaints) == ([], [])


def test_picture_can_be_tried_and_is_shown(visit: Visit) -> None:
    try_out(visit, "grid")

    picture = visit.page.locator(".live-responses-table img")
    expect(picture).to_be_visible()
    size = picture.evaluate("async (it) => { await it.decode(); return it.naturalWidth }")
    assert size == 31 * 28 * 2
    assert (visit.elsewhere, visit.complaints) == ([], [])


@pytest.mark.parametrize("operation", ["encode", "encode_picture"])
def test_file_can_be_uploaded(visit: Visit, tmp_path: Path, operation: str) -> None:
    picture = tmp_path / "shoe.png"
    picture.write_bytes(tiny.picture_bytes(tiny.random_levels(1)[0]))
    block = open_operation(visit, operation)
    block.locator("input[type=file]").set_input_files(picture)

    execute(block)

    answer = visit.page.locator(".live-responses-table .highlight-code").first
    expect(answer).to_contain_text('"in_support"')
    assert (visit.elsewhere, visit.complaints) == ([], [])


def test_page_behind_a_proxys_path_calls_that_path(browser: Browser) -> None:
    environment = {**os.environ, "ATLAS_PUBLIC_URL": "https://a.example/elsewhere"}
    repository, asked = Settings().model_repository, list[str]()

    def forward(route: Route) -> None:
        """What a proxy does that takes its path away."""
        asked.append(route.request.url)
        inner = route.request.url.replace("/atlas/", "/", 1)
        route.fulfill(response=route.fetch(url=inner))

    with (
        serve(["-m", "service"], repository, environment=environment) as (address, _),
        open_page(browser, address, "/livez") as visit,
    ):
        visit.page.route(f"{address}/atlas/**", forward)
        visit.page.goto(f"{address}/atlas/docs")
        try_out(visit, "decode_pixels")

        assert f"{address}/atlas/decode/pixels" in asked
        assert (visit.elsewhere, visit.complaints) == ([], [])


def test_key_can_be_entered(browser: Browser) -> None:
    environment = {**os.environ, "ATLAS_API_KEY": "the key"}
    repository = Settings().model_repository
    with (
        serve(["-m", "service"], repository, environment=environment) as (address, _),
        open_page(browser, address, "/docs") as visit,
    ):
        visit.page.get_by_role("button", name="Authorize").click()
        visit.page.get_by_label("Value:").fill("the key")
        visit.page.get_by_label("Apply credentials").click()
        visit.page.get_by_role("button", name="Close").click()

        try_out(visit, "decode_pixels")

        assert (visit.elsewhere, visit.complaints) == ([], [])
