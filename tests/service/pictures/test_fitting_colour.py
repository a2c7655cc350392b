"""fit_picture for models of three channels. test_fitting.py has what grey and colour share."""

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from service.artifact.manifest import ImageSpec
from service.pictures import fitting
from service.pictures.fitting import Picture, Polarity, fit_picture
from service.pictures.formats import open_picture
from tests import tiny
from tests.pictures import corpus, file_of

COLOUR = ImageSpec(channels=3, height=28, width=28)
GREY = ImageSpec(height=28, width=28)
LUMA = np.array([0.299, 0.587, 0.114])
READ = {name: kind.content for name, kind in corpus().items() if kind.levels is not None}


def read(content: bytes, polarity: Polarity = "auto", spec: ImageSpec = COLOUR) -> Picture:
    return fit_picture(open_picture(content, 10**7, ""), spec, polarity, "")


def colours(height: int = 28, width: int = 28) -> npt.NDArray[np.uint8]:
    """[height, width, 3] seeded levels."""
    levels = np.random.default_rng(3).integers(0, 256, (height, width, 3))
    return levels.astype(np.uint8)


def test_picture_of_the_models_own_form_is_taken_exactly() -> None:
    levels = colours()

    picture = read(tiny.picture_bytes(levels))

    assert (picture.pixels == levels.transpose(2, 0, 1).astype(np.float32) / np.float32(255)).all()
    assert picture.applied == []


@pytest.mark.parametrize("name", READ)
def test_every_kind_of_file_is_read_in_colour(name: str) -> None:
    pixels = read(READ[name]).pixels

    assert pixels.shape == (3, 28, 28)
    assert 0 <= pixels.min() <= pixels.max() <= 1


@pytest.mark.parametrize("name", READ)
def test_luma_of_the_colours_is_what_a_grey_model_sees(name: str) -> None:
    picture = read(READ[name], "keep")

    grey = read(READ[name], "keep", GREY).pixels
    differs = np.abs(np.tensordot(LUMA, picture.pixels, 1) - grey) > 1 / 255
    has_background = any(step.startswith(("alpha", "padding")) for step in picture.applied)
    assert not differs.any() or has_background


def test_grey_is_the_same_in_all_three_channels() -> None:
    levels = tiny.random_levels(1)[0]

    picture = read(tiny.picture_bytes(levels))

    assert (picture.pixels == levels.astype(np.float32) / np.float32(255)).all()
    assert picture.applied == ["colour: grey in all three channels"]


@pytest.mark.parametrize(
    ("polarity", "inverts"), [("auto", False), ("keep", False), ("invert", True)]
)
def test_only_invert_inverts_colours(polarity: Polarity, inverts: bool) -> None:
    levels = np.full((28, 28, 3), (250, 240, 200), np.uint8)

    picture = read(tiny.picture_bytes(levels), polarity)

    shown = 255 - levels if inverts else levels
    assert picture.pixels[:, 9, 9] * 255 == pytest.approx(shown[9, 9], abs=1e-4)
    assert ("polarity: inverted" in picture.applied) == inverts


@pytest.mark.parametrize("polarity", ["auto", "keep", "invert"])
def test_transparent_pixels_are_white(polarity: Polarity) -> None:
    hidden = np.dstack([colours(), np.zeros((28, 28), np.uint8)])
    hidden[5:9, 5:9] = (200, 30, 90, 255)

    picture = read(tiny.picture_bytes(hidden), polarity)

    assert (picture.pixels[:, 0, 0] == 1).all()
    shown = np.array([200, 30, 90]) if polarity != "invert" else 255 - np.array([200, 30, 90])
    assert picture.pixels[:, 6, 6] * 255 == pytest.approx(shown, abs=1e-4)
    assert "alpha: composited on the model's background" in picture.applied


def test_half_transparent_colours_are_mixed_with_white() -> None:
    half = np.full((28, 28, 4), (255, 0, 100, 128), np.uint8)

    pixels = read(tiny.picture_bytes(half)).pixels

    opacity = 128 / 255
    expected = np.array([1, 0, 100 / 255]) * opacity + 1 - opacity
    assert pixels[:, 3, 3] == pytest.approx(expected, abs=1e-6)


def test_sides_are_filled_up_with_white() -> None:
    picture = read(tiny.picture_bytes(np.zeros((14, 28, 3), np.uint8)))

    assert (picture.pixels[:, 0] == 1).all()
    assert picture.pixels[:, 14].max() == 0
    assert picture.applied == ["resize: 28 x 14 to 28 x 14", "padding: to 28 x 28, centred"]


def test_large_picture_is_averaged_without_a_visible_difference(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ramp = np.linspace(0, 255, 1400)
    levels = np.stack(np.broadcast_arrays(ramp, ramp[::-1], ramp[:, None]), axis=2)
    content = tiny.picture_bytes(levels.astype(np.uint8))

    reduced = read(content).pixels

    monkeypatch.setattr(fitting, "REDUCING_GAP", 10**6)
    assert np.abs(reduced - read(content).pixels).max() < 2 / 255


def test_bands_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    rgba = Image.fromarray(np.dstack([colours(300, 700), colours(300, 700)[..., 0]]))
    whole = read(file_of(rgba))

    monkeypatch.setattr(fitting, "BAND_PIXELS", 1)

    assert read(file_of(rgba)).pixels == pytest.approx(whole.pixels, abs=1e-6)
