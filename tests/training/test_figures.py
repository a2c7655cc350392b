import io
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from service.artifact.arrays import Levels
from training.figures import (
    COLOURS,
    draw_latent_plane,
    draw_loss_curves,
    draw_mosaic,
    draw_plane_svg,
    draw_reconstructions,
    grid_points,
    plane_extent,
)


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content), formats=["PNG"])


def random_pictures(count: int, height: int = 28, width: int = 28) -> Levels:
    return np.random.default_rng(0).integers(0, 256, (count, 1, height, width)).astype(np.uint8)


def test_grid_points_start_top_left_and_end_bottom_right() -> None:
    points = grid_points()

    assert points.shape == (441, 2)
    assert points[0].tolist() == [-4.0, 4.0]
    assert points[20].tolist() == [4.0, 4.0]
    assert points[220].tolist() == [0.0, 0.0]
    assert points[440].tolist() == [4.0, -4.0]


@pytest.mark.parametrize(("height", "width"), [(28, 28), (6, 5)])
def test_grid_is_a_bare_grey_mosaic_of_its_tiles(height: int, width: int) -> None:
    pictures = random_pictures(441, height, width)

    image = opened(draw_mosaic(pictures, columns=21))

    assert (image.mode, image.size) == ("L", (21 * width, 21 * height))
    mosaic = np.asarray(image)
    assert np.array_equal(mosaic[:height, :width], pictures[0, 0])
    assert np.array_equal(mosaic[2 * height : 3 * height, -width:], pictures[2 * 21 + 20, 0])


def test_mosaic_of_colours_keeps_them() -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (6, 3, 4, 5)).astype(np.uint8)

    image = opened(draw_mosaic(pictures, columns=2))

    assert (image.mode, image.size) == ("RGB", (10, 12))
    assert np.array_equal(np.asarray(image)[4:8, 5:], pictures[3].transpose(1, 2, 0))


@pytest.mark.parametrize("epochs", [1, 3])
@pytest.mark.parametrize("parts", [("training",), ("training", "validation")])
def test_loss_curves_have_one_panel_per_term(epochs: int, parts: tuple[str, ...]) -> None:
    history = [
        {"epoch": float(epoch)}
        | {f"{part}_{term}": 1.0 for part in parts for term in ("loss", "kl")}
        for epoch in range(1, epochs + 1)
    ]

    image = opened(draw_loss_curves(history))

    assert image.size == (900, 350)


def test_reconstructions_show_at_most_a_dozen() -> None:
    many = opened(draw_reconstructions(random_pictures(30), random_pictures(30)))
    dozen = opened(draw_reconstructions(random_pictures(12), random_pictures(12)))

    assert many.tobytes() == dozen.tobytes()


@pytest.mark.parametrize("class_count", [1, 10, 23])
def test_latent_plane_shows_every_class_in_its_colour(class_count: int) -> None:
    labels = np.arange(200, dtype=np.uint8) % class_count
    coordinates = np.random.default_rng(0).normal(size=(200, 2)).astype(np.float32)

    image = opened(draw_latent_plane(coordinates, labels, [f"c{n}" for n in range(class_count)]))

    colours = {pixel[:3] for pixel in map(tuple, np.asarray(image).reshape(-1, 4).tolist())}
    expected = {tuple(bytes.fromhex(code[1:])) for code in COLOURS[:class_count]}
    assert expected <= colours


def test_plane_shows_every_point_in_the_colour_of_its_class() -> None:
    labels = np.arange(200, dtype=np.uint8) % 23
    coordinates = np.random.default_rng(0).normal(size=(200, 2)).astype(np.float32)

    svg = draw_plane_svg(coordinates, labels, plane_extent(coordinates))

    paths = [path.attrib for path in ElementTree.fromstring(svg).iterfind(".//{*}path")]
    dots = [path["d"].count("M") for path in paths if "stroke-width: 3" in path.get("style", "")]
    assert sum(dots) == 200
    assert all(f"stroke: {colour}".encode() in svg for colour in COLOURS)
    assert b"stroke-linecap: square" in svg  # the second ten classes


def test_plane_is_drawn_to_the_same_bytes_each_time() -> None:
    coordinates, labels = np.eye(2, dtype=np.float32), np.zeros(2, np.uint8)

    assert draw_plane_svg(coordinates, labels, 5) == draw_plane_svg(coordinates, labels, 5)


@pytest.mark.parametrize(("furthest", "expected"), [(0.5, 5), (5.2, 7), (1e6, 1001)])
def test_extent_holds_the_square_and_nearly_all_points(furthest: float, expected: int) -> None:
    assert plane_extent(np.full((10, 2), furthest, np.float32)) == expected
