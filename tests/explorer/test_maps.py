"""The maps are exact to the pixel, move together, and work by pointer, keyboard and link."""

import re

import httpx
import numpy as np
import pytest
from playwright.sync_api import expect

from tests import tiny
from tests.explorer.atlas import Atlas, levels_of

pytestmark = pytest.mark.slow


def places(atlas: Atlas, index: int) -> set[str]:
    """The tiles on a map, as z/x/y."""
    tiles = atlas.map(index).locator("img.leaflet-tile")
    return set(tiles.evaluate_all("tiles => tiles.map(tile => tile.dataset.place)"))


@pytest.mark.parametrize(("index", "model"), [(0, "vae"), (1, "ae")])
def test_tiles_are_the_grid_pixel_for_pixel(atlas: Atlas, index: int, model: str) -> None:
    tiles = atlas.map(index).locator("img.leaflet-tile")
    assert tiles.count() >= 9

    for tile in tiles.all():
        z, x, y = map(int, str(tile.get_attribute("data-place")).split("/"))
        step = 2.0 ** (8 - z)
        left, top = -1024 + (8 * x + 0.5) * step, 1024 - (8 * y + 0.5) * step
        ends = {"x_min": left, "x_max": left + 7 * step, "y_min": top - 7 * step, "y_max": top}
        query = httpx.QueryParams(ends).merge({"model": model, "rows": 8, "columns": 8})
        grid = atlas.service.get("/grid", params=query)
        np.testing.assert_array_equal(levels_of(tile), tiny.read_levels(grid.content))


def test_every_zoom_has_tiles_down_to_the_last(atlas: Atlas) -> None:
    last = atlas.service.get("/tiles/vae.json").json()["maxzoom"]

    atlas.open("#at=0.123456789,-1.5&zoom=99")

    assert {place.split("/")[0] for place in places(atlas, 0)} == {str(last)}
    expect(atlas.map().locator(".leaflet-control-zoom-in")).to_have_class(re.compile("disabled"))


def test_maps_move_together_and_into_the_address(atlas: Atlas) -> None:
    before = places(atlas, 0)
    atlas.page.mouse.move(*atlas.pixels_from_centre(1, 0, 0))
    atlas.page.mouse.down()
    atlas.page.mouse.move(*atlas.pixels_from_centre(1, -150, 60), steps=8)
    atlas.page.mouse.up()
    atlas.settle()
    atlas.map(0).locator(".leaflet-control-zoom-in").click()
    expect(atlas.page).to_have_url(re.compile(r"zoom=10"))
    expect(atlas.page.locator("[data-place^='9/']")).to_have_count(0)

    assert places(atlas, 0) == places(atlas, 1) != before
    assert re.fullmatch(r"models=vae,ae&at=[\d.,-]+&zoom=10", atlas.fragment)


def test_view_is_a_link(atlas: Atlas) -> None:
    view = "models=ae,vae&at=1.25,-0.5&zoom=11&points=1,2;@Sandal&hide=3,4&off=axes&steps=5"

    atlas.open(f"#{view}")

    assert atlas.fragment == view
    expect(atlas.page.locator(".panel h3")).to_have_text(["ae (AE)", "vae (VAE)"])
    expect(atlas.page.locator("#places li")).to_have_text(
        [re.compile("1, 2"), re.compile("Sandal")]
    )
    expect(atlas.page.locator("#classes [aria-pressed=false]")).to_have_text(["Dress", "Coat"])
    assert {place.split("/")[0] for place in places(atlas, 0)} == {"11"}


def test_links_of_the_page_and_going_back_change_the_view(atlas: Atlas) -> None:
    atlas.page.get_by_role("link", name="Where the pictures live").click()
    expect(atlas.page.get_by_label("pictures", exact=True)).not_to_be_checked()
    expect(atlas.map().locator("img.leaflet-tile")).to_have_count(0)

    atlas.page.go_back()

    expect(atlas.page.get_by_label("pictures", exact=True)).to_be_checked()
    expect(atlas.map().locator("img.leaflet-tile").first).to_be_visible()


def test_legend_filters_the_points(atlas: Atlas) -> None:
    overlay = atlas.map().locator("canvas.overlay")
    with_bags = levels_of(overlay)

    atlas.page.get_by_role("button", name="Bag").click()

    assert atlas.fragment.endswith("hide=8")
    assert (levels_of(overlay) != with_bags).any()


def test_other_models_can_be_chosen(atlas: Atlas) -> None:
    atlas.page.get_by_label("Compare").select_option("ae")
    atlas.page.get_by_label("with").select_option("")

    expect(atlas.page.locator(".panel h3")).to_have_text(["ae (AE)"])
    expect(atlas.page).to_have_url(re.compile("#models=ae&"))


def test_keyboard_moves_looks_and_places(atlas: Atlas) -> None:
    atlas.page.get_by_role("button", name="Copy link").focus()
    atlas.page.keyboard.press("Tab")
    expect(atlas.map()).to_be_focused()
    expect(atlas.map().locator(".probe")).to_be_visible()

    atlas.page.keyboard.press("ArrowRight")
    atlas.page.keyboard.press("+")
    expect(atlas.page).to_have_url(re.compile("zoom=10"))
    atlas.page.keyboard.press("Enter")

    expect(atlas.page.locator("#places li")).to_have_count(1)


def test_download_is_the_view(atlas: Atlas) -> None:
    with atlas.page.expect_download() as download:
        atlas.page.locator(".panel").nth(1).get_by_role("button", name="Download").click()

    levels = tiny.read_levels(download.value.path().read_bytes())
    tile = atlas.map(1).locator("[data-place='9/256/255']")
    assert download.value.suggested_filename == "ae-grid.png"
    whole = np.lib.stride_tricks.sliding_window_view(levels, (224, 224))[::28, ::28]
    assert (whole == levels_of(tile)).all(axis=(2, 3)).sum() == 1
