"""The five operations over HTTP, on tiny real models."""

import gzip
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from fastapi.testclient import TestClient
from httpx import Response

from service.app import create_app
from service.pictures.mosaic import lay_out
from service.settings import Settings
from tests import tiny
from tests.service.conftest import wait_until_loaded

LEVELS = tiny.random_levels(5)
PIXELS = (LEVELS / 255).tolist()


def decode_alone(client: TestClient, point: Sequence[float]) -> npt.NDArray[np.int_]:
    response = client.post("/decode", json={"latents": [point]})
    return tiny.read_levels(response.content).astype(int)


def assert_problem(response: Response, status: int, *pointers: str) -> None:
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert (response.status_code, body["status"]) == (status, status)
    assert [fault["pointer"] for fault in body["errors"]] == list(pointers)


# /encode


def test_encode_answers_for_each_picture_in_order(client: TestClient) -> None:
    files = tiny.uploads([tiny.picture_bytes(levels) for levels in LEVELS])

    response = client.post("/encode", files=files, data={"model": "ae"})

    expected, _ = tiny.TinyAutoencoder().eval().encode(tiny.to_tensor(LEVELS))
    body = response.json()
    assert (body["model"], body["version"]) == ("ae", 1)
    assert [entry["mean"] for entry in body["latents"]] == pytest.approx(
        expected.detach().numpy(), abs=1e-5
    )
    assert {tuple(entry["standard_deviation"]) for entry in body["latents"]} == {(0, 0)}


def test_encode_by_file_and_by_pixels_agree_exactly(client: TestClient) -> None:
    files = tiny.uploads([tiny.picture_bytes(levels) for levels in LEVELS])

    by_file = client.post("/encode", files=files)

    by_pixels = client.post("/encode/pixels", json={"images": PIXELS})
    assert by_file.status_code == 200
    assert by_file.json() == by_pixels.json()


def test_encode_says_where_data_lives_and_what_was_done(client: TestClient) -> None:
    known = tiny.picture_bytes(LEVELS[0])
    strange = tiny.picture_bytes(np.full((280, 280), 255, np.uint8))

    latents = client.post("/encode", files=tiny.uploads([known, strange])).json()["latents"]

    assert [entry["in_support"] for entry in latents] == [True, False]
    assert latents[0]["applied"] == []
    assert latents[1]["applied"] == ["polarity: inverted", "resize: 280 x 280 to 28 x 28"]


def test_one_bad_picture_is_named_by_its_index(client: TestClient) -> None:
    good = tiny.picture_bytes(LEVELS[0])

    damaged = client.post("/encode", files=tiny.uploads([good, good[:-100], good]))
    text = client.post("/encode", files=tiny.uploads([good, good, b"text"]))

    assert_problem(damaged, 422, "/form/images/1")
    assert_problem(text, 415, "/form/images/2")


@pytest.mark.parametrize(
    ("data", "pointer"),
    [
        ({"polarity": "upside-down"}, "/form/polarity"),
        ({"colour": "red"}, "/form/colour"),
        ({"model": ["vae", "ae"]}, "/form/model"),
        ({"model": "x" * 65}, "/form/model"),
    ],
)
def test_wrong_form_is_refused_with_the_place(
    client: TestClient, data: dict[str, str | list[str]], pointer: str
) -> None:
    files = tiny.uploads([tiny.picture_bytes(LEVELS[0])])

    assert_problem(client.post("/encode", files=files, data=data), 422, pointer)


def test_encode_without_pictures_is_refused(client: TestClient) -> None:
    response = client.post("/encode", files={"polarity": (None, "auto")})

    assert_problem(response, 422, "/form/images")


def test_too_many_pictures_are_refused(client: TestClient) -> None:
    files = tiny.uploads([tiny.picture_bytes(LEVELS[0])] * 257)

    assert_problem(client.post("/encode", files=files), 422, "/form/images")


@pytest.mark.parametrize("rows", [[[0.5] * 28] * 27, [[0.5] * 28] * 27 + [[0.5] * 29]])
def test_images_of_another_size_are_refused_with_their_index(
    client: TestClient, rows: list[list[float]]
) -> None:
    response = client.post("/encode/pixels", json={"images": [PIXELS[0], rows]})

    assert_problem(response, 422, "/body/images/1")


# /decode


def test_decode_lays_points_out_as_square_as_possible(client: TestClient) -> None:
    points = [[0.0, 0.0], [1.0, 2.0], [-3.0, 0.5], [2.5, -2.5], [0.1, 0.2]]

    picture = tiny.read_levels(client.post("/decode", json={"latents": points}).content)

    alone = [decode_alone(client, point) for point in points]
    expected = lay_out(np.stack(alone).astype(np.uint8), columns=3, scale=1)
    assert picture.shape == (2 * 28, 3 * 28)
    assert np.abs(picture.astype(int) - expected).max() <= 1


def test_decode_takes_columns_and_scale(client: TestClient) -> None:
    body = {"latents": [[0, 0]] * 5, "columns": 5, "scale": 3}

    picture = tiny.read_levels(client.post("/decode", json=body).content)

    assert picture.shape == (28 * 3, 5 * 28 * 3)


def test_decode_pixels_are_the_values_behind_the_picture(client: TestClient) -> None:
    body = {"latents": [[1.5, -0.5]]}

    response = client.post("/decode/pixels", json=body)

    pixels = np.array(response.json()["images"])
    assert pixels.shape == (1, 28, 28)
    assert np.rint(pixels[0] * 255) == pytest.approx(decode_alone(client, [1.5, -0.5]), abs=0)


@pytest.mark.parametrize("path", ["/decode", "/decode/pixels"])
@pytest.mark.parametrize("point", [[1.0], [1.0, 2.0, 3.0]])
def test_point_of_another_dimension_is_refused_with_its_index(
    client: TestClient, path: str, point: list[float]
) -> None:
    response = client.post(path, json={"latents": [[0, 0], point]})

    assert_problem(response, 422, "/body/latents/1")


@pytest.mark.parametrize(
    "change", [{"columns": 16385}, {"columns": 16384, "scale": 2}, {"columns": 1, "scale": 17}]
)
def test_mosaic_over_the_limits_is_refused(client: TestClient, change: dict[str, int]) -> None:
    response = client.post("/decode", json={"latents": [[0, 0]] * 20, **change})

    assert response.status_code == 422


# /grid


def test_grid_by_default_is_the_courses_picture(client: TestClient) -> None:
    picture = tiny.read_levels(client.get("/grid").content).astype(int)

    assert picture.shape == (588, 588)
    for row, column, point in [(0, 0, [-4, 4]), (10, 10, [0, 0]), (20, 20, [4, -4])]:
        tile = picture[row * 28 : row * 28 + 28, column * 28 : column * 28 + 28]
        assert np.abs(tile - decode_alone(client, point)).max() <= 1


def test_every_tile_of_a_grid_equals_the_decode_of_its_point(client: TestClient) -> None:
    query = {"rows": 3, "columns": 4, "x_min": -1, "x_max": 2, "y_min": 0, "y_max": 1}

    picture = tiny.read_levels(client.get("/grid", params=query).content).astype(int)

    assert picture.shape == (3 * 28, 4 * 28)
    for row, y in enumerate([1, 0.5, 0]):
        for column, x in enumerate([-1, 0, 1, 2]):
            tile = picture[row * 28 : row * 28 + 28, column * 28 : column * 28 + 28]
            assert np.abs(tile - decode_alone(client, [x, y])).max() <= 1


def test_single_tile_grid_is_the_middle(client: TestClient) -> None:
    picture = tiny.read_levels(client.get("/grid?rows=1&columns=1&x_max=6").content)

    assert np.abs(picture.astype(int) - decode_alone(client, [1, 0])).max() <= 1


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


def test_grid_is_cacheable(client: TestClient) -> None:
    first = client.get("/grid?rows=2&columns=2")

    again = client.get("/grid?rows=2&columns=2", headers={"If-None-Match": first.headers["etag"]})

    assert first.headers["cache-control"] == "public, no-cache"
    assert not first.headers["etag"].startswith("W/")
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]


@pytest.mark.parametrize(
    ("header", "status"), [("*", 304), ('"a", W/{tag}, "b"', 304), ('"other"', 200), ("x", 200)]
)
def test_if_none_match_is_read_as_rfc_9110_says(
    client: TestClient, header: str, status: int
) -> None:
    tag = client.get("/grid?rows=1").headers["etag"]

    answer = client.get("/grid?rows=1", headers={"If-None-Match": header.format(tag=tag)})

    assert answer.status_code == status


def test_etag_differs_by_model_and_query(client: TestClient) -> None:
    queries = ["", "model=ae", "rows=20", "x_min=-3", "spacing=quantile", "scale=2"]

    tags = {client.get(f"/grid?{query}").headers["etag"] for query in queries}

    assert len(tags) == len(queries)
    assert client.get("/grid?model=vae&rows=21").headers["etag"] in tags


# all of them


def test_answers_name_the_model_and_version(client: TestClient) -> None:
    grid = client.get("/grid?model=ae&rows=1")
    decoded = client.post("/decode", json={"latents": [[0, 0]]})

    assert grid.headers["atlas-model"] == "ae"
    assert (decoded.headers["atlas-model"], decoded.headers["atlas-model-version"]) == ("vae", "1")


def test_asking_twice_gives_the_same_bytes(client: TestClient) -> None:
    body = {"latents": [[0.25, -0.75]] * 3}

    assert client.get("/grid").content == client.get("/grid").content
    assert client.post("/decode", json=body).content == client.post("/decode", json=body).content


def test_encoding_twice_gives_the_same_answer(client: TestClient) -> None:
    files = tiny.uploads([tiny.picture_bytes(levels) for levels in LEVELS])

    answers = [client.post("/encode", files=files, data={"model": "vae"}) for _ in range(3)]

    assert len({answer.content for answer in answers}) == 1


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


def test_answer_of_too_many_numbers_is_refused(repository: Path) -> None:
    settings = Settings(model_repository=repository, max_output_numbers=2 * 28 * 28)
    with TestClient(create_app(settings)) as client:
        wait_until_loaded(client)

        assert client.post("/decode/pixels", json={"latents": [[0, 0]] * 2}).status_code == 200
        response = client.post("/decode/pixels", json={"latents": [[0, 0]] * 3})

    assert_problem(response, 422, "/body/latents")


def test_unknown_model_returns_404(client: TestClient) -> None:
    files = tiny.uploads([tiny.picture_bytes(LEVELS[0])])

    assert_problem(client.get("/grid?model=nope"), 404)
    assert_problem(client.post("/encode", files=files, data={"model": "nope"}), 404)
    for path, body in [("/decode", {"latents": [[0, 0]]}), ("/encode/pixels", {"images": PIXELS})]:
        assert_problem(client.post(path, json={"model": "nope", **body}), 404)


@pytest.mark.parametrize("path", ["/decode", "/decode/pixels", "/encode/pixels"])
@pytest.mark.parametrize("media_type", ["text/plain", "image/png", "multipart/form-data", ""])
def test_body_of_another_media_type_is_refused(
    client: TestClient, path: str, media_type: str
) -> None:
    response = client.post(path, content=b"{}", headers={"Content-Type": media_type})

    assert_problem(response, 415)


@pytest.mark.parametrize("pack", [gzip.compress, bytes], ids=["compressed", "only said to be"])
def test_compressed_body_is_refused(client: TestClient, pack: Callable[[bytes], bytes]) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}

    response = client.post("/decode", content=pack(b'{"latents": [[0, 0]]}'), headers=headers)

    assert_problem(response, 415)
    assert response.json()["detail"] == "compressed bodies are not read"


def test_json_sent_to_encode_is_refused(client: TestClient) -> None:
    assert_problem(client.post("/encode", json={"images": PIXELS}), 415)


def test_malformed_bodies_return_400(client: TestClient) -> None:
    multipart = {"Content-Type": "multipart/form-data"}  # no boundary

    assert client.post("/encode", content=b"x", headers=multipart).status_code == 400
    json_type = {"Content-Type": "application/json; charset=utf-8"}
    assert_problem(client.post("/decode", content=b"{", headers=json_type), 400, "/body")


def test_unknown_query_parameter_is_refused_everywhere(client: TestClient) -> None:
    for path in ("/models", "/models/vae", "/livez", "/readyz"):
        assert_problem(client.get(f"{path}?debug=1"), 422, "/query/debug")
    assert_problem(client.post("/decode?a=1", json={"latents": [[0, 0]]}), 422, "/query/a")


def test_large_json_is_read_off_the_event_loop_just_the_same(client: TestClient) -> None:
    few = client.post("/encode/pixels", json={"images": PIXELS[:1]}).json()["latents"]

    many = client.post("/encode/pixels", json={"images": PIXELS[:1] * 40}).json()["latents"]

    assert np.array([entry["mean"] for entry in many]) == pytest.approx(
        np.array([few[0]["mean"]] * 40), abs=1e-5
    )
