"""The card at the pointer."""

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.explorer.atlas import Atlas, levels_of, reference_set

pytestmark = pytest.mark.slow


def test_picture_at_the_pointer_is_the_decoded_one_in_both_maps(atlas: Atlas) -> None:
    point = atlas.hover(0, 60.0, -40.0)["point"]
    atlas.settle()

    for index, model in enumerate(("vae", "ae")):
        shown = levels_of(atlas.map(index).locator("[data-part=decoded]"), 28, 28)
        np.testing.assert_array_equal(shown, atlas.decoded(model, point))


def test_nearest_picture_and_its_distance_are_shown(atlas: Atlas) -> None:
    point = atlas.hover(0, 33.0, 25.0)["point"]

    reference = reference_set()
    distances = np.linalg.norm(reference["coordinates"] - np.array(point), axis=1)
    nearest = distances.argmin()
    name = atlas.service.get("/models/vae").json()["class_names"][reference["labels"][nearest]]
    card = atlas.map().locator(".probe")
    expect(card).to_contain_text(f"{name}, {distances[nearest]:.2f} away")
    shown = levels_of(card.locator("[data-part=nearest]"), 28, 28)
    np.testing.assert_array_equal(shown, reference["thumbnails"][nearest])


def test_far_from_data_the_card_warns(atlas: Atlas) -> None:
    warning = atlas.map().locator(".probe").get_by_text("No data lives here.")

    atlas.hover(0, 0.0, 0.0)
    expect(warning).to_be_hidden()

    atlas.hover(0, 200.0, -200.0)
    expect(warning).to_be_visible()
