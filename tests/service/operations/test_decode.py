"""Decodes latent points and paths to pictures and numbers over HTTP, with tiny real models."""

import io
import threading
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import numpy.typing as npt
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from service.latent.paths import path
from service.operations import decode
from service.pictures.mosaic import lay_out
from tests import tiny
from tests.service.answers import LEVELS_OFF, assert_problem, decode_alone
from tests.serving import serving

POINTS = [[-2.0, 0.5], [0.0, 2.0], [1.5, -1.0]]


PATHS = ("/interpolate", "/interpolate/animation")


both = pytest.mark.parametrize("route", PATHS)


def test_decode_lays_points_out_as_square_as_possible(client: TestClient) -> None:
    points = [[0.0, 0.0], [1.0, 2.0], [-3.0, 0.5], [2.5, -2.5], [0.1, 0.2]]

    picture = tiny.read_levels(client.post("/decode", json={"latents": points}).content)

    alone = [decode_alone(client, point) for point in points]
    expected = lay_out(np.stack(alone).astype(np.uint8), columns=3, scale=1)
    assert picture.shape == (2 * 28, 3 * 28)
    assert np.abs(picture.astype(int) - expected).max() <= LEVELS_OFF


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


def test_answer_of_too_many_numbers_is_refused(repository: Path) -> None:
    with serving(repository, max_output_numbers=2 * 28 * 28) as client:
        assert client.post("/decode/pixels", json={"latents": [[0, 0]] * 2}).status_code == 200
        response = client.post("/decode/pixels", json={"latents": [[0, 0]] * 3})

    assert_problem(response, 422, "/body/latents")


def frames_of(answer: httpx.Response) -> tuple[list[npt.NDArray[np.uint8]], set[float]]:
    """The pictures of an APNG that loops forever, and how long it shows each."""
    assert answer.headers["content-type"] == "image/png"
    animation = Image.open(io.BytesIO(answer.content))
    assert animation.info["loop"] == 0
    frames, times = [], set()
    for index in range(getattr(animation, "n_frames", 0)):
        animation.seek(index)
        frames.append(np.array(animation))
        times.add(float(animation.info["duration"]))
    return frames, times


@pytest.mark.parametrize("method", ["linear", "spherical"])
def test_strip_has_the_picture_of_every_point_in_one_row(client: TestClient, method: str) -> None:
    body = {"model": "ae", "latents": POINTS, "method": method, "steps": 5, "scale": 2}

    answer = client.post("/interpolate", json=body)

    points = path(POINTS, method, 5).tolist()  # type: ignore[arg-type]
    mosaic = {"model": "ae", "latents": points, "columns": 11, "scale": 2}
    assert answer.content == client.post("/decode", json=mosaic).content
    assert tiny.read_levels(answer.content).shape == (56, 11 * 56)
    assert answer.headers["atlas-model"] == "ae"


def test_by_default_there_are_eight_straight_steps(client: TestClient) -> None:
    spelled = {"model": "vae", "latents": POINTS, "method": "linear", "steps": 8, "scale": 1}

    answer = client.post("/interpolate", json={"latents": POINTS})

    assert answer.content == client.post("/interpolate", json=spelled).content
    assert tiny.read_levels(answer.content).shape == (28, 17 * 28)


def test_model_of_any_dimension_has_paths(space: TestClient) -> None:
    body = {"latents": [[1, 2, 3], [-1, 0, 0.5]], "method": "spherical", "steps": 3}

    assert tiny.read_levels(space.post("/interpolate", json=body).content).shape == (28, 4 * 28)
    assert_problem(space.post("/interpolate", json={"latents": POINTS}), 422, "/body/latents/0")


@pytest.mark.parametrize("scale", [1, 3])
def test_frames_are_the_pictures_of_the_strip(client: TestClient, scale: int) -> None:
    body = {"latents": POINTS, "method": "spherical", "steps": 6, "scale": scale}
    strip = tiny.read_levels(client.post("/interpolate", json=body).content)

    frames, times = frames_of(client.post("/interpolate/animation", json=body))

    assert times == {80}
    assert (np.hstack(frames) == strip).all()


@pytest.mark.parametrize("steps", [1, 2, 7])
def test_bounce_goes_back_the_same_way(client: TestClient, steps: int) -> None:
    body: dict[str, Any] = {"latents": POINTS[:2], "steps": steps}
    forwards, _ = frames_of(client.post("/interpolate/animation", json=body))

    body |= {"bounce": True, "frame_milliseconds": 250}
    frames, times = frames_of(client.post("/interpolate/animation", json=body))

    assert times == {250}
    assert np.array_equal(frames, [*forwards, *forwards[-2:0:-1]])


@both
@pytest.mark.parametrize("middle", [[0, 0], [2, -0.5], [-4, 1], [-2, 0.5]])
def test_points_without_an_arc_between_them_are_answered(
    client: TestClient, route: str, middle: list[float]
) -> None:
    body = {"latents": [POINTS[0], middle, POINTS[0]], "method": "spherical"}

    assert client.post(route, json=body).status_code == 200


@both
@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"latents": POINTS[:1]}, "/body/latents"),
        ({"latents": [[0, 0], [1, 1, 1]]}, "/body/latents/1"),
        ({"latents": [[0, 0], [1001, 0]]}, "/body/latents/1/0"),
        ({"method": "cubic"}, "/body/method"),
        ({"steps": 0}, "/body/steps"),
        ({"steps": 1.5}, "/body/steps"),
        ({"steps": 10**9}, "/body/steps"),
        ({"steps": 2048}, "/body/steps"),
        ({"scale": 17}, "/body/scale"),
        ({"scale": 16, "steps": 60}, "/body/scale"),
        ({"colour": "red"}, "/body/colour"),
    ],
)
def test_wrong_path_is_refused_with_the_place(
    client: TestClient, route: str, change: dict[str, object], pointer: str
) -> None:
    assert_problem(client.post(route, json={"latents": POINTS} | change), 422, pointer)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"frame_milliseconds": 19}, "/body/frame_milliseconds"),
        ({"frame_milliseconds": 10_001}, "/body/frame_milliseconds"),
        ({"bounce": 1}, "/body/bounce"),
        ({"bounce": True, "scale": 16, "steps": 40}, "/body/scale"),
    ],
)
def test_wrong_animation_is_refused_with_the_place(
    client: TestClient, change: dict[str, object], pointer: str
) -> None:
    body = {"latents": POINTS} | change

    assert_problem(client.post("/interpolate/animation", json=body), 422, pointer)


@both
def test_path_of_an_unknown_model_or_with_a_query_is_refused(
    client: TestClient, route: str
) -> None:
    assert_problem(client.post(route, json={"latents": POINTS, "model": "nope"}), 404)
    assert_problem(client.post(f"{route}?a=1", json={"latents": POINTS}), 422, "/query/a")
    assert_problem(client.post(route, content=b"{}"), 415)


def test_largest_path_is_answered(repository: Path) -> None:
    with serving(repository, max_latents=41) as client:
        largest = client.post("/interpolate", json={"latents": POINTS, "steps": 20})

        assert tiny.read_levels(largest.content).shape == (28, 41 * 28)
        assert client.post("/interpolate", json={"latents": POINTS, "steps": 21}).status_code == 422


@both
def test_long_path_is_computed_off_the_event_loop(
    client: TestClient, route: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = list[str]()

    def note_thread(latents: list[list[float]], *options: Any) -> npt.NDArray[np.float32]:
        threads.append(threading.current_thread().name)
        return path(latents, *options)

    monkeypatch.setattr(decode, "path", note_thread)

    client.post(route, json={"latents": POINTS, "steps": 64}).raise_for_status()

    assert [name.partition("_")[0] for name in threads] == ["inference"]
