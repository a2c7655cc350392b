import numpy as np
import numpy.typing as npt
import pytest

from service.latent.paths import Method, path, path_length

METHODS: list[Method] = ["linear", "spherical"]


def lengths(points: npt.NDArray[np.float32]) -> list[float]:
    found: list[float] = np.linalg.norm(points, axis=1).tolist()
    return found


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dimensions", [1, 2, 3, 64])
def test_every_given_point_is_on_the_path(method: Method, dimensions: int) -> None:
    given = np.random.default_rng(dimensions).normal(size=(5, dimensions)) * 3

    points = path(given.tolist(), method, 7)

    assert points.shape == (path_length(5, 7), dimensions) == (7 * 4 + 1, dimensions)
    assert points[::7].tolist() == given.astype(np.float32).tolist()


def test_one_step_is_the_points_themselves() -> None:
    assert path([[0, 1], [2, 3], [4, 5]], "spherical", 1).tolist() == [[0, 1], [2, 3], [4, 5]]


def test_linear_path_takes_equal_steps() -> None:
    points = path([[-1, 0], [1, 2]], "linear", 4)

    assert points.tolist() == [[-1, 0], [-0.5, 0.5], [0, 1], [0.5, 1.5], [1, 2]]


def test_spherical_path_is_the_arc_between_points_of_one_length() -> None:
    points = path([[2, 0], [0, 2]], "spherical", 6)

    angles = np.linspace(0, np.pi / 2, 7)
    expected = 2 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    assert points == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("dimensions", [2, 3, 64])
def test_spherical_path_between_equal_lengths_is_shoemakes(dimensions: int) -> None:
    a, b = np.random.default_rng(dimensions).normal(size=(2, dimensions))
    b *= np.linalg.norm(a) / np.linalg.norm(b)
    angle = np.arccos(a @ b / (a @ a))
    t = np.arange(10)[:, None] / 9

    points = path([a.tolist(), b.tolist()], "spherical", 9)

    expected = (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)
    assert points == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("off", [1.0, 0.1, 1e-3, 1e-5, 1e-7, 1e-300])
def test_spherical_path_never_leaves_the_ring_between_both_lengths(off: float) -> None:
    points = path([[-2, 0], [3, off]], "spherical", 50)

    assert np.isfinite(points).all()
    assert max(lengths(points)) <= np.hypot(3, off) * (1 + 1e-6)
    if off >= 1e-5:  # closer to opposite, the path is a straight line
        assert min(lengths(points)) >= 2 * (1 - 1e-6)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ([0.0, 0.0], [3.0, 1.0]),
        ([3.0, 1.0], [0.0, 0.0]),
        ([0.0, 0.0], [0.0, 0.0]),
        ([1.0, 2.0], [2.0, 4.0]),
        ([1.0, 2.0], [1.0, 2.0]),
        ([1.0, 2.0], [-2.0, -4.0]),
        ([5e-324, 0.0], [-1000.0, 1e-300]),
    ],
)
def test_where_no_arc_is_defined_the_path_is_straight(start: list[float], end: list[float]) -> None:
    spherical = path([start, end], "spherical", 8)

    assert spherical.tolist() == path([start, end], "linear", 8).tolist()
    assert np.isfinite(spherical).all()


@pytest.mark.parametrize("dimensions", [1, 2, 8])
def test_paths_of_any_points_are_finite(dimensions: int) -> None:
    generator = np.random.default_rng(dimensions)
    scale = 10.0 ** generator.integers(-320, 4, (200, 1))
    given = (generator.normal(size=(200, dimensions)) * scale).clip(-1000, 1000)

    points = path(given.tolist(), "spherical", 5)

    assert np.isfinite(points).all()
    assert np.abs(points).max() <= 1000 * np.sqrt(dimensions) * (1 + 1e-6)
