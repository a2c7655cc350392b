"""Where the tiles of a map are, and what it costs to serve many of them."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.service.answers import assert_problem
from tests.serving import serving


@pytest.mark.parametrize("path", ["/tiles/{}/0/0/0.png", "/tiles/{}.json"])
def test_map_of_an_unknown_model_or_with_a_query_is_refused(client: TestClient, path: str) -> None:
    assert_problem(client.get(path.format("nope")), 404)
    assert_problem(client.get(path.format("vae") + "?scale=2"), 422, "/query/scale")


def test_tile_is_drawn_once_and_then_found(repository: Path) -> None:
    with serving(repository) as client:
        tiles = {client.get("/tiles/vae/9/255/255.png").content for _ in range(3)}
        metrics = client.get("/metrics").text

    assert len(tiles) == 1
    assert 'atlas_cache_requests_total{outcome="drawn"} 1.0' in metrics
    assert 'atlas_cache_requests_total{outcome="found"} 2.0' in metrics
    assert 'route="/tiles/{model}/{z}/{x}/{y}.png",status="200"} 3.0' in metrics


@pytest.mark.parametrize("host", ["[::1]:80", "127.0.0.1", "a-b.example"])
def test_address_is_that_of_the_request(client: TestClient, host: str) -> None:
    told = client.get("/tiles/ae.json", headers={"Host": host}).json()

    assert told["tiles"][0].startswith(f"http://{host}/tiles/")


def test_blanks_around_the_host_do_not_count(client: TestClient) -> None:
    told = client.get("/tiles/ae.json", headers={"Host": " a.example:80\t"}).json()

    assert told["tiles"][0].startswith("http://a.example:80/tiles/")


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
    with serving(repository, public_url=setting) as client:
        told = client.get("/tiles/vae.json", headers={"Host": "inner"}).json()

    assert told["tiles"] == [f"{address}/tiles/vae/{{z}}/{{x}}/{{y}}.png"]
