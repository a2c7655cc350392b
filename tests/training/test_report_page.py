"""The report in a real browser: it fits the window, logs nothing and requests nothing."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from service.settings import EMBEDDED_REPOSITORY
from training.comparison import compare_artifacts
from training.report import render_report

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_report_fits_its_window(browser: Browser, width: int, scheme: str, tmp_path: Path) -> None:
    folders = [EMBEDDED_REPOSITORY / name / "1" for name in ("ae", "vae")]
    report = tmp_path / "report.html"
    report.write_text(render_report(compare_artifacts(folders)), encoding="utf-8")
    page = browser.new_page(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    logged, requested = list[str](), list[str]()
    page.on("console", lambda message: logged.append(message.text))
    page.on("request", lambda request: requested.append(request.url.partition(":")[0]))

    page.goto(report.as_uri())

    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate("[...document.images].every(image => image.naturalWidth > 0)")
    assert (logged, requested) == ([], ["file"])  # the page itself; data: is no request
