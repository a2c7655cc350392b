"""Rules that hold for all operations on the latent space."""

from concurrent.futures import ThreadPoolExecutor

from fastapi.testclient import TestClient

from tests import tiny
from tests.service.answers import assert_problem

LEVELS = tiny.random_levels(5)


PIXELS = (LEVELS / 255).tolist()


def test_answers_name_the_model_and_version(client: TestClient) -> None:
    grid = client.get("/grid?model=ae&rows=1")
    decoded = client.post("/decode", json={"latents": [[0, 0]]})

    assert grid.headers["atlas-model"] == "ae"
    assert (decoded.headers["atlas-model"], decoded.headers["atlas-model-version"]) == ("vae", "1")


def test_asking_twice_gives_the_same_bytes(client: TestClient) -> None:
    body = {"latents": [[0.25, -0.75]] * 3}

    assert client.get("/grid").content == client.get("/grid").content
    assert client.post("/decode", json=body).content == client.post("/decode", json=body).content


def test_answers_at_load_are_the_bytes_of_answers_alone(client: TestClient) -> None:
    def ask(size: int) -> bytes:
        grid = client.get(f"/grid?rows={size % 7 + 1}&columns={size}")
        pixels = client.post("/decode/pixels", json={"latents": [[size / 9, -1.5]] * size})
        assert grid.status_code == pixels.status_code == 200
        return bytes(grid.content + pixels.content)

    sizes = range(1, 65)
    alone = [ask(size) for size in sizes]

    with ThreadPoolExecutor(32) as threads:
        assert list(threads.map(ask, sizes)) == alone


def test_unknown_model_returns_404(client: TestClient) -> None:
    files = tiny.uploads([tiny.picture_bytes(LEVELS[0])])

    assert_problem(client.get("/grid?model=nope"), 404)
    assert_problem(client.post("/encode", files=files, data={"model": "nope"}), 404)
    for path, body in [("/decode", {"latents": [[0, 0]]}), ("/encode/pixels", {"images": PIXELS})]:
        assert_problem(client.post(path, json={"model": "nope", **body}), 404)
