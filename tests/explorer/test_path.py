"""Points on the map, and the path of pictures between them."""

import re
import subprocess
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from playwright.sync_api import expect

from service.latent.paths import Method, path
from tests import tiny
from tests.explorer.atlas import Atlas, levels_of

pytestmark = pytest.mark.slow


def strip(atlas: Atlas, model: str, latents: list[list[float]], method: str, steps: int) -> bytes:
    json = {"model": model, "latents": latents, "method": method, "steps": steps, "scale": 2}
    return atlas.service.post("/interpolate", json=json).content


def test_points_make_a_path_in_both_models(atlas: Atlas) -> None:
    atlas.click(0, -112.0, 56.0)
    atlas.click(1, 56.0, 112.0)

    expect(atlas.page.locator("#strips figcaption").last).to_contain_text("of 9 pictures")
    strips = atlas.page.locator("#strips .strip img")
    assert np.abs(np.array(atlas.points) - [[-2, -1], [1, -2]]).max() < 0.02
    for index, model in enumerate(("vae", "ae")):
        expected = tiny.read_levels(strip(atlas, model, atlas.points, "linear", 8))
        np.testing.assert_array_equal(levels_of(strips.nth(index)), expected)


POINTS = [[2.0, 0.0], [-1.0, 1.5], [1.0, -1.5], [0.0, 0.0], [0.0, 3.0], [-2.0, 0.1]]


@pytest.mark.parametrize("method", get_args(Method))
def test_line_on_the_map_is_the_services_path(atlas: Atlas, method: Method) -> None:
    found = atlas.page.evaluate(
        "async (given) => (await import('/explorer/interpolation.js')).pathThrough(...given)",
        [POINTS, method, 5],
    )

    np.testing.assert_allclose(found, path(POINTS, method, 5), atol=1e-6)


def test_one_point_shows_its_picture(atlas: Atlas) -> None:
    atlas.open("#models=ae&points=0.5,0.25")

    picture = levels_of(atlas.page.locator("#strips .strip img"), 28, 28)

    np.testing.assert_array_equal(picture, atlas.decoded("ae", [0.5, 0.25]))


def test_points_can_be_dragged_and_removed(atlas: Atlas) -> None:
    atlas.open("#points=0,0;1,1")
    atlas.page.mouse.move(*atlas.pixels_from_centre(0, 56, -56))
    atlas.page.mouse.down()
    atlas.page.mouse.move(*atlas.pixels_from_centre(0, 112, -56), steps=4)
    atlas.page.mouse.up()
    expect(atlas.page).to_have_url(re.compile("points=0,0;2,1"))

    atlas.page.get_by_role("button", name="Remove point 1").click()

    expect(atlas.page).to_have_url(re.compile("points=2,1"))
    expect(atlas.page.locator("#places li")).to_have_count(1)


def test_walk_goes_from_class_to_class_along_an_arc(atlas: Atlas) -> None:
    atlas.page.locator("#from").select_option("Sneaker")
    atlas.page.locator("#to").select_option("Bag")
    atlas.page.locator("#method").select_option("an arc")
    atlas.page.locator("#steps").fill("3")
    atlas.page.get_by_role("button", name="Walk").click()

    expect(atlas.page).to_have_url(re.compile("points=@Sneaker;@Bag&method=spherical&steps=3"))
    expect(atlas.page.locator("#strips figcaption").first).to_contain_text("of 4 pictures")


def test_copied_command_gives_the_strip(atlas: Atlas, tmp_path: Path) -> None:
    atlas.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    atlas.open("#models=vae&points=-1,0;1,0.5&method=spherical&steps=6")

    atlas.page.locator("#strips").get_by_role("button", name="Copy curl").click()
    expect(atlas.page.get_by_role("status")).to_have_text("Copied.")
    command = atlas.page.evaluate("navigator.clipboard.readText()")
    subprocess.run(["sh", "-c", command], check=True, cwd=tmp_path)

    expected = strip(atlas, "vae", [[-1, 0], [1, 0.5]], "spherical", 6)
    assert (tmp_path / "vae-path.png").read_bytes() == expected


def test_path_can_be_animated_and_saved(atlas: Atlas) -> None:
    atlas.open("#models=vae&points=-1,0;1,0.5&steps=4")
    atlas.page.get_by_role("button", name="Animate").click()
    expect(atlas.page.locator("#strips img")).to_have_count(2)

    with atlas.page.expect_download() as download:
        atlas.page.locator("#strips").get_by_role("button", name="Download").last.click()

    json = {"model": "vae", "latents": [[-1, 0], [1, 0.5]], "steps": 4, "scale": 5, "bounce": True}
    expected = atlas.service.post("/interpolate/animation", json=json).content
    assert download.value.path().read_bytes() == expected
