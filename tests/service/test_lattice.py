from statistics import NormalDist

import numpy as np
import pytest

from service.lattice import Bounds, axis, grid

COURSE = Bounds(-4, 4)


def test_grid_runs_from_top_left_to_bottom_right() -> None:
    points = grid(21, 21, COURSE, COURSE, "linear").reshape(21, 21, 2)

    assert points[0, 0].tolist() == [-4, 4]
    assert points[10, 10].tolist() == [0, 0]
    assert points[-1, -1].tolist() == [4, -4]


def test_grid_keeps_axes_apart() -> None:
    points = grid(2, 3, Bounds(0, 1), Bounds(10, 20), "linear")

    assert points.tolist() == [[0, 20], [0.5, 20], [1, 20], [0, 10], [0.5, 10], [1, 10]]


def test_linear_axis_takes_equal_steps() -> None:
    assert axis(COURSE, 21, "linear") == pytest.approx([-4 + 0.4 * step for step in range(21)])


@pytest.mark.parametrize("count", [2, 3, 21, 100])
@pytest.mark.parametrize("spacing", ["linear", "quantile"])
@pytest.mark.parametrize("ends", [(-4, 4), (-1.3, 0.2), (0.5, 9), (-9, -8.9), (-60, 60)])
def test_axis_includes_both_ends_and_ascends(
    count: int, spacing: str, ends: tuple[float, float]
) -> None:
    points = axis(Bounds(*ends), count, spacing)  # type: ignore[arg-type]

    assert (points[0], points[-1]) == ends
    assert (np.diff(points) > 0).all()


@pytest.mark.parametrize("spacing", ["linear", "quantile"])
def test_single_point_is_the_middle(spacing: str) -> None:
    assert axis(COURSE, 1, spacing).tolist() == [0]  # type: ignore[arg-type]


def test_quantile_axis_takes_equal_steps_of_probability() -> None:
    points = axis(Bounds(-2, 1), 7, "quantile")

    probabilities = [NormalDist().cdf(point) for point in points]
    assert np.diff(probabilities) == pytest.approx([np.diff(probabilities).mean()] * 6)


def test_quantile_axis_is_symmetric_in_the_tails() -> None:
    upper = axis(Bounds(8, 12), 5, "quantile")

    assert upper.tolist() == (-axis(Bounds(-12, -8), 5, "quantile")[::-1]).tolist()


def test_quantile_bounds_without_probability_are_refused() -> None:
    with pytest.raises(ValueError, match="no probability"):
        axis(Bounds(50, 60), 3, "quantile")
