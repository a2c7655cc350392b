"""A real Chromium that can reach only the server under test."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Browser, ConsoleMessage, Page, Route, sync_playwright

QUIET = ("background-networking", "component-update", "sync", "gpu", "quic")
ARGUMENTS = ["--no-sandbox", "--no-first-run", *(f"--disable-{name}" for name in QUIET)]

# Swagger UI logs this for every file field before it falls back to its general one for files.
HARMLESS = "Could not find component: JsonSchema_string_binary"


@dataclass
class Visit:
    """An open page, its requests to other hosts, and what its console said."""

    page: Page
    address: str
    elsewhere: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Launches the system's Chromium."""
    names = ("chromium", "chromium-browser", "google-chrome")
    browser_path = next(filter(None, map(shutil.which, names)), None)
    assert browser_path, "this test needs Chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def open_page(
    browser: Browser,
    address: str,
    path: str,
    width: int = 1200,
    height: int = 900,
    has_touch: bool = False,
) -> Iterator[Visit]:
    """Opens a page of the server. Blocks and records every request to another host."""
    page = browser.new_page(viewport={"width": width, "height": height}, has_touch=has_touch)
    visit = Visit(page, address)
    _watch(visit)
    page.goto(f"{address}{path}")
    yield visit
    page.close()


def _watch(visit: Visit) -> None:
    """Record errors, warnings and policy violations, and block requests to other hosts."""

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
