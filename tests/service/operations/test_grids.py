"""Draws grids and map tiles of the latent plane over HTTP, with tiny real models."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient

from tests import tiny
from tests.service.answers import LEVELS_OFF, assert_problem, decode_alone
from tests.serving import serving


def test_grid_by_default_is_the_courses_picture(client: TestClient) -> None:
    picture = tiny.read_levels(client.get("/grid").content).astype(int)

    assert picture.shape == (588, 588)
    for row, column, point in [(0, 0, [-4, 4]), (10, 10, [0, 0]), (20, 20, [4, -4])]:
        tile = picture[row * 28 : row * 28 + 28, column * 28 : column * 28 + 28]
        assert np.abs(tile - decode_alone(client, point)).max() <= LEVELS_OFF


def test_every_tile_of_a_grid_equals_the_decode_of_its_point(client: TestClient) -> None:
    query = {"rows": 3, "columns": 4, "x_min": -1, "x_max": 2, "y_min": 0, "y_max": 1}

    picture = tiny.read_levels(client.get("/grid", params=query).content).astype(int)

    assert picture.shape == (3 * 28, 4 * 28)
    for row, y in enumerate([1, 0.5, 0]):
        for column, x in enumerate([-1, 0, 1, 2]):
            tile = picture[row * 28 : row * 28 + 28, column * 28 : column * 28 + 28]
            assert np.abs(tile - decode_alone(client, [x, y])).max() <= LEVELS_OFF


def test_single_tile_grid_is_the_middle(client: TestClient) -> None:
    picture = tiny.read_levels(client.get("/grid?rows=1&columns=1&x_max=6").content)

    assert np.abs(picture.astype(int) - decode_alone(client, [1, 0])).max() <= LEVELS_OFF


def test_bounds_data_takes_the_artifacts_own_extent(client: TestClient) -> None:
    own = client.get("/grid?rows=2&columns=2&bounds=data")

    spelled = client.get("/grid?rows=2&columns=2&x_min=-7&x_max=9&y_min=-3&y_max=2")
    assert own.content == spelled.content
    assert own.headers["etag"] == spelled.headers["etag"]


def test_quantile_spacing_differs_inside_and_agrees_at_the_ends(client: TestClient) -> None:
    linear = tiny.read_levels(client.get("/grid").content)
    quantile = tiny.read_levels(client.get("/grid?spacing=quantile").content)

    assert (linear[:28, :28] == quantile[:28, :28]).all()
    assert (linear[10 * 28 : 11 * 28, 10 * 28 : 11 * 28] == quantile[280:308, 280:308]).all()
    assert (linear != quantile).any()


def test_scale_enlarges_by_whole_pixels(client: TestClient) -> None:
    small = tiny.read_levels(client.get("/grid?rows=2&columns=3").content)
    large = tiny.read_levels(client.get("/grid?rows=2&columns=3&scale=3").content)

    assert (large == small.repeat(3, axis=0).repeat(3, axis=1)).all()


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("rows=0", "/query/rows"),
        ("rows=1e3", "/query/rows"),
        ("rows=1000000000", "/query/columns"),
        ("columns=129&rows=128", "/query/columns"),
        ("scale=17", "/query/scale"),
        ("scale=8", "/query/scale"),
        ("x_min=nan", "/query/x_min"),
        ("x_max=inf", "/query/x_max"),
        ("y_max=1e400", "/query/y_max"),
        ("y_min=1001", "/query/y_min"),
        ("x_min=4", "/query/x_min"),
        ("y_min=2&y_max=1", "/query/y_min"),
        ("spacing=cubic", "/query/spacing"),
        ("spacing=quantile&x_min=60&x_max=70", "/query/x_min"),
        ("bounds=mine", "/query/bounds"),
        ("colour=red", "/query/colour"),
        ("rows=3&rows=4", "/query/rows"),
    ],
)
def test_wrong_query_is_refused_with_the_place(
    client: TestClient, query: str, pointer: str
) -> None:
    assert_problem(client.get(f"/grid?{query}"), 422, pointer)


@pytest.mark.parametrize(
    ("place", "bounds"),
    [
        ("8/128/127", (0.5, 7.5, 0.5, 7.5)),
        ("10/511/512", (-1.875, -0.125, -1.875, -0.125)),
        ("9/10/255", (-983.75, -980.25, 0.25, 3.75)),
        ("26/33554432/33554431", (2**-19, 15 * 2**-19, 2**-19, 15 * 2**-19)),
    ],
)
def test_tile_is_the_grid_of_its_cells_centres(
    client: TestClient, place: str, bounds: tuple[float, ...]
) -> None:
    names = ("x_min", "x_max", "y_min", "y_max")
    query = {"rows": 8, "columns": 8, **dict(zip(names, bounds, strict=True))}

    tile = client.get(f"/tiles/vae/{place}.png")

    grid = client.get("/grid", params=query)
    assert (tile.status_code, tile.headers["content-type"]) == (200, "image/png")
    assert (tile.content, tile.headers["etag"]) == (grid.content, grid.headers["etag"])


def test_picture_of_a_tile_is_the_decode_of_its_cells_centre(client: TestClient) -> None:
    tile = tiny.read_levels(client.get("/tiles/vae/8/128/127.png").content).astype(int)

    assert tile.shape == (224, 224)
    for row, column in ((0, 0), (7, 0), (3, 5)):
        picture = tile[row * 28 : row * 28 + 28, column * 28 : column * 28 + 28]
        expected = decode_alone(client, [column + 0.5, 7.5 - row])
        assert np.abs(picture - expected).max() <= LEVELS_OFF


@pytest.mark.parametrize("place", ["0/0/0", "3/0/0", "3/7/7", "26/0/0", "26/67108863/0"])
def test_world_is_drawn_to_its_edge(client: TestClient, place: str) -> None:
    tile = client.get(f"/tiles/ae/{place}.png")

    assert tiny.read_levels(tile.content).shape == (224, 224)
    assert tile.headers["atlas-model"] == "ae"


@pytest.mark.parametrize(
    "place", ["27/0/0", "-1/0/0", "0/1/0", "0/0/1", "8/256/0", "8/0/256", "8/-1/0", f"8/0/{10**30}"]
)
def test_tile_outside_the_world_is_not_found(client: TestClient, place: str) -> None:
    assert_problem(client.get(f"/tiles/vae/{place}.png"), 404, "/path")


@pytest.mark.parametrize("word", ["1.5", "one", "NaN", "1e1", "9" * 5000])
def test_place_that_is_no_whole_number_is_refused(client: TestClient, word: str) -> None:
    assert_problem(client.get(f"/tiles/vae/{word}/0/0.png"), 422, "/path/z")
    assert_problem(client.get(f"/tiles/vae/0/{word}/0.png"), 422, "/path/x")
    assert_problem(client.get(f"/tiles/vae/0/0/{word}.png"), 422, "/path/y")


def test_map_or_grid_of_a_model_without_a_plane_is_refused(space: TestClient) -> None:
    assert_problem(space.get("/tiles/vae/0/0/0.png"), 422, "/path/model")
    assert_problem(space.get("/tiles/vae.json"), 422, "/path/model")
    assert_problem(space.get("/grid"), 422, "/query/model")


def test_map_of_pictures_that_are_too_large_is_refused(repository: Path) -> None:
    with serving(repository, max_output_pixels=224 * 224 - 1) as client:
        assert_problem(client.get("/tiles/vae/0/0/0.png"), 422, "/path/model")
        assert_problem(client.get("/tiles/vae.json"), 422, "/path/model")


def test_tiles_asked_for_all_at_once_are_those_asked_for_alone(
    client: TestClient, repository: Path
) -> None:
    paths = [f"/tiles/vae/11/{1020 + n % 8}/{1020 + n // 8}.png" for n in range(32)]
    with ThreadPoolExecutor(16) as threads:
        together = list(threads.map(lambda path: client.get(path).content, paths))

    with serving(repository, cache_bytes=0) as other:
        assert [other.get(path).content for path in paths] == together
