"""The page as a whole: screen sizes, accessibility, the API key, the measures."""

import os
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from service.settings import Settings
from tests.browser import open_page
from tests.explorer.atlas import Atlas
from tests.explorer.conftest import client
from tests.server import serve

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessibility_check_finds_nothing(atlas: Atlas, width: int, scheme: str) -> None:
    atlas.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    atlas.page.set_viewport_size({"width": width, "height": 800})
    atlas.open("#points=1,1;@Dress&hide=2")

    violations = Axe().run(atlas.page).response["violations"]

    assert [(found["impact"], found["id"]) for found in violations] == []


def test_narrow_screen_shows_everything_without_scrolling_sideways(
    browser: Browser, address: str
) -> None:
    with open_page(browser, address, "/#points=-2,-2;2,2&steps=32", width=360) as visit:
        atlas = Atlas(visit.page, client(visit), visit.complaints)
        atlas.wait()

        assert visit.page.evaluate("document.scrollingElement.scrollWidth") <= 360
        box = atlas.map().bounding_box()
        assert box is not None
        assert box["width"] >= 300
        assert visit.complaints == []


def test_finger_places_a_point(browser: Browser, address: str) -> None:
    with open_page(browser, address, "/", width=400, has_touch=True) as visit:
        atlas = Atlas(visit.page, client(visit), visit.complaints)
        atlas.wait()
        atlas.map().scroll_into_view_if_needed()

        visit.page.touchscreen.tap(*atlas.pixels_from_centre(0, 20, 20))

        expect(visit.page.locator("#places li")).to_have_count(1)
        expect(visit.page.locator("#strips img")).to_have_count(2)


def test_figures_of_both_models_are_explained(atlas: Atlas) -> None:
    table = atlas.page.locator("#figures")

    for model in ("vae", "ae"):
        for measure in atlas.service.get(f"/models/{model}/statistics").json()["measures"]:
            expect(table).to_contain_text(measure["sentence"])


def test_what_differs_most_is_picked_out(atlas: Atlas) -> None:
    names = atlas.page.locator("#differences tr th[scope=row]")

    expect(names).to_contain_text(["spread", "coverage", "realism midway"])

    atlas.open("#models=ae")
    expect(atlas.page.locator("#differences")).to_be_hidden()


def test_unknown_model_in_a_link_is_named_and_passed_over(atlas: Atlas) -> None:
    atlas.open("#models=nothing")

    expect(atlas.page.get_by_role("status")).to_contain_text("No model nothing is served.")
    expect(atlas.page.locator(".panel h3")).to_have_text(["vae (VAE)", "ae (AE)"])


def test_page_asks_for_the_key(browser: Browser) -> None:
    environment = {**os.environ, "ATLAS_API_KEY": "the key"}
    repository = Settings().model_repository
    with (
        serve(["-m", "service"], repository, environment=environment) as (address, _),
        open_page(browser, address, "/") as visit,
    ):
        visit.page.get_by_label("API key").fill("the key")
        visit.page.get_by_role("button", name="Use it").click()

        expect(visit.page.locator("body")).to_have_attribute("data-ready", "true")
        expect(visit.page.locator("img.leaflet-tile").first).to_be_visible()
        assert visit.elsewhere == []
        refusal = re.compile("401")  # the browser itself logs it
        assert [text for text in visit.complaints if not refusal.search(text)] == []
