"""The latent plane as map tiles over HTTP, on tiny real models."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.settings import Settings
from tests import tiny
from tests.service.api.test_latent import assert_problem, decode_alone
from tests.service.conftest import wait_until_loaded


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
        assert np.abs(picture - expected).max() <= 1


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


@pytest.mark.parametrize("path", ["/tiles/{}/0/0/0.png", "/tiles/{}.json"])
def test_map_of_an_unknown_model_or_with_a_query_is_refused(client: TestClient, path: str) -> None:
    assert_problem(client.get(path.format("nope")), 404)
    assert_problem(client.get(path.format("vae") + "?scale=2"), 422, "/query/scale")


def test_map_or_grid_of_a_model_without_a_plane_is_refused(space: TestClient) -> None:
    assert_problem(space.get("/tiles/vae/0/0/0.png"), 422, "/path/model")
    assert_problem(space.get("/tiles/vae.json"), 422, "/path/model")
    assert_problem(space.get("/grid"), 422, "/query/model")


def test_map_of_pictures_that_are_too_large_is_refused(repository: Path) -> None:
    settings = Settings(model_repository=repository, max_output_pixels=224 * 224 - 1)
    with TestClient(create_app(settings)) as client:
        wait_until_loaded(client)

        assert_problem(client.get("/tiles/vae/0/0/0.png"), 422, "/path/model")
        assert_problem(client.get("/tiles/vae.json"), 422, "/path/model")


def test_tile_is_cacheable_and_answers_head(client: TestClient) -> None:
    path = "/tiles/vae/9/255/255.png"
    first = client.get(path)

    again = client.get(path, headers={"If-None-Match": first.headers["etag"]})
    head = client.head(path)

    assert first.headers["cache-control"] == "public, no-cache"
    assert (again.status_code, again.content, head.content) == (304, b"", b"")
    assert again.headers["etag"] == head.headers["etag"] == first.headers["etag"]
    assert first.headers["etag"] != client.get("/tiles/ae/9/255/255.png").headers["etag"]


def test_tile_is_drawn_once_and_then_found(repository: Path) -> None:
    with TestClient(create_app(Settings(model_repository=repository))) as client:
        wait_until_loaded(client)
        tiles = {client.get("/tiles/vae/9/255/255.png").content for _ in range(3)}
        metrics = client.get("/metrics").text

    assert len(tiles) == 1
    assert 'atlas_cache_requests_total{outcome="drawn"} 1.0' in metrics
    assert 'atlas_cache_requests_total{outcome="found"} 2.0' in metrics
    assert 'route="/tiles/{model}/{z}/{x}/{y}.png",status="200"} 3.0' in metrics


def test_tiles_asked_for_all_at_once_are_those_asked_for_alone(
    client: TestClient, repository: Path
) -> None:
    paths = [f"/tiles/vae/11/{1020 + n % 8}/{1020 + n // 8}.png" for n in range(32)]
    with ThreadPoolExecutor(16) as threads:
        together = list(threads.map(lambda path: client.get(path).content, paths))

    with TestClient(create_app(Settings(model_repository=repository, cache_bytes=0))) as other:
        wait_until_loaded(other)
        assert [other.get(path).content for path in paths] == together


def test_tilejson_says_where_the_tiles_are(client: TestClient) -> None:
    told = client.get("/tiles/ae.json", headers={"Host": "atlas.example:8000"}).json()

    assert told["tilejson"] == "3.0.0"
    assert told["tiles"] == ["http://atlas.example:8000/tiles/ae/{z}/{x}/{y}.png"]
    assert (told["minzoom"], told["maxzoom"], told["scheme"]) == (0, 26, "xyz")
    assert (told["version"], told["tile_size"]) == ("1.0.0", 224)
    assert told["latent"] == {
        "minimum": [-1024, -1024],
        "maximum": [1024, 1024],
        "step_at_zoom_0": 256,
    }


@pytest.mark.parametrize("host", ["[::1]:80", "127.0.0.1", "a-b.example"])
def test_address_is_that_of_the_request(client: TestClient, host: str) -> None:
    told = client.get("/tiles/ae.json", headers={"Host": host}).json()

    assert told["tiles"][0].startswith(f"http://{host}/tiles/")


@pytest.mark.parametrize("host", ["", "[::1", "a b", "a/b", "a@b", '"><script>', "a:port"])
def test_host_that_is_none_is_malformed(client: TestClient, host: str) -> None:
    assert_problem(client.get("/tiles/ae.json", headers={"Host": host}), 400)


@pytest.mark.parametrize(
    ("setting", "address"),
    [("https://a.example/atlas/", "https://a.example/atlas"), ("", "http://inner")],
)
def test_public_address_stands_in_links_if_it_is_set(
    repository: Path, setting: str, address: str
) -> None:
    settings = Settings(model_repository=repository, public_url=setting)
    with TestClient(create_app(settings)) as client:
        wait_until_loaded(client)
        told = client.get("/tiles/vae.json", headers={"Host": "inner"}).json()

    assert told["tiles"] == [f"{address}/tiles/vae/{{z}}/{{x}}/{{y}}.png"]
