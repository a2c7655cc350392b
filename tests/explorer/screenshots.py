"""Takes the README's screenshots of the page: `python -m tests.explorer.screenshots`."""

import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser

from service.settings import Settings
from tests.browser import open_browser, open_page
from tests.explorer.atlas import Atlas
from tests.explorer.conftest import client
from tests.server import serve

FOLDER = Path(__file__).parents[2] / "docs" / "images"
QUALITY = 88  # of WebP: a quarter of a PNG's size, with no visible difference


def main() -> None:
    """Serve the embedded models and capture two views."""
    FOLDER.mkdir(exist_ok=True)
    with (
        serve(["-m", "service"], Settings().model_repository) as (address, _),
        open_browser() as browser,
    ):
        _save(browser, address, "atlas.webp", "/", (1280, 960), pointer=(-250.0, 90.0))
        around = "/#points=2,0;0,2;-2,0;0,-2;2,0&method=spherical&steps=4&off=pictures"
        _save(browser, address, "path.webp", around, (1280, 1430))


def _save(
    browser: Browser,
    address: str,
    name: str,
    path: str,
    size: tuple[int, int],
    pointer: tuple[float, float] | None = None,
) -> None:
    with open_page(browser, address, path, *size) as visit:
        atlas = Atlas(visit.page, client(visit), visit.complaints)
        atlas.wait()
        if pointer:
            atlas.hover(0, *pointer)
            atlas.settle()
        picture = Image.open(io.BytesIO(visit.page.screenshot())).convert("RGB")
    picture.save(FOLDER / name, quality=QUALITY)


if __name__ == "__main__":
    main()
