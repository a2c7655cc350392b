"""The TileJSON of a map."""

from fastapi.testclient import TestClient


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
