"""/docs in a real browser that can reach nothing but the server."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import ConsoleMessage, Locator, Page, Route, expect, sync_playwright

from service.settings import Settings
from tests import tiny
from tests.server import serve

pytestmark = pytest.mark.slow

QUIET = ("background-networking", "component-update", "sync", "gpu", "quic")
ARGUMENTS = ["--no-sandbox", "--no-first-run", *(f"--disable-{name}" for name in QUIET)]

# Swagger UI says so of every file field, before it takes its general one for files.
HARMLESS = "Could not find component: JsonSchema_string_binary"


@dataclass
class Visit:
    """An open page, what it asked for elsewhere and what its console said."""

    page: Page
    address: str
    elsewhere: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A ready server on the embedded models."""
    with serve(["-m", "service"], Settings().model_repository) as (address, _):
        yield address


@pytest.fixture
def visit(address: str) -> Iterator[Visit]:
    """/docs of that server."""
    with open_docs(address) as visit:
        yield visit


@contextmanager
def open_docs(address: str) -> Iterator[Visit]:
    """/docs, with every request to elsewhere cut off and noted."""
    names = ("chromium", "chromium-browser", "google-chrome")
    browser_path = next(filter(None, map(shutil.which, names)), None)
    assert browser_path, "this test needs Chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=ARGUMENTS)
        visit = Visit(browser.new_page(viewport={"width": 1200, "height": 900}), address)
        watch(visit)
        visit.page.goto(f"{address}/docs")
        yield visit
        browser.close()


def watch(visit: Visit) -> None:
    """Note errors and warnings, violations of the policy among them, and cut off the rest."""

    def guard(route: Route) -> None:
        if route.request.url.startswith((f"{visit.address}/", "data:", f"blob:{visit.address}")):
            route.continue_()
        else:
            visit.elsewhere.append(route.request.url)
            route.abort()

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and message.text != HARMLESS:
            visit.complaints.append(message.text)

    visit.page.route("**/*", guard)
    visit.page.on("console", note)
    visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))


def try_out(visit: Visit, operation: str) -> None:
    """Send an operation's examples."""
    execute(open_operation(visit, operation))


def open_operation(visit: Visit, operation: str) -> Locator:
    """The operation's part of the page, ready to be tried."""
    block = visit.page.locator(f"[id$='-{operation}'].opblock")
    block.locator(".opblock-summary-control").click()
    block.get_by_role("button", name="Try it out").click()
    return block


def execute(block: Locator) -> None:
    """Send what the operation's fields hold, and see a 200."""
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


def test_file_can_be_uploaded(visit: Visit, tmp_path: Path) -> None:
    picture = tmp_path / "shoe.png"
    picture.write_bytes(tiny.picture_bytes(tiny.random_levels(1)[0]))
    block = open_operation(visit, "encode")
    block.locator("input[type=file]").set_input_files(picture)

    execute(block)

    answer = visit.page.locator(".live-responses-table .highlight-code").first
    expect(answer).to_contain_text('"in_support"')
    assert (visit.elsewhere, visit.complaints) == ([], [])


def test_key_can_be_entered() -> None:
    environment = {**os.environ, "ATLAS_API_KEY": "the key"}
    repository = Settings().model_repository
    with (
        serve(["-m", "service"], repository, environment=environment) as (address, _),
        open_docs(address) as visit,
    ):
        visit.page.get_by_role("button", name="Authorize").click()
        visit.page.get_by_label("Value:").fill("the key")
        visit.page.get_by_label("Apply credentials").click()
        visit.page.get_by_role("button", name="Close").click()

        try_out(visit, "decode_pixels")

        assert (visit.elsewhere, visit.complaints) == ([], [])
