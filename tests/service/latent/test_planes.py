from statistics import NormalDist

import numpy as np
import pytest

from service.latent.planes import MAX_ZOOM, WORLD, Bounds, axis, cell_size, grid, tile

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


def test_tile_at_zoom_0_is_the_world() -> None:
    assert tile(0, 0, 0) == (Bounds(-896, 896), Bounds(-896, 896))
    assert cell_size(0) * 8 == 2 * WORLD
    assert (cell_size(8), cell_size(10)) == (1, 0.25)


@pytest.mark.parametrize("zoom", range(1, MAX_ZOOM + 1))
def test_neighbouring_tiles_go_on_in_equal_steps(zoom: int) -> None:
    middle, step = 2 ** (zoom - 1), cell_size(zoom)
    (left, below), (right, above) = tile(zoom, middle - 1, middle), tile(zoom, middle, middle - 1)

    for lower, upper in ((left, right), (below, above)):
        points = np.concatenate([axis(lower, 8, "linear"), axis(upper, 8, "linear")])
        assert points.astype(np.float32).tolist() == [(n - 7.5) * step for n in range(16)]


@pytest.mark.parametrize("edge", [4.0, 31.0, -32.0])
def test_cells_at_the_deepest_zoom_are_told_apart_where_latents_lie(edge: float) -> None:
    step = cell_size(MAX_ZOOM)
    column = round((edge + WORLD) / (8 * step))

    x, _ = tile(MAX_ZOOM, column, 0)

    points = axis(x, 8, "linear").astype(np.float32)
    assert points.tolist() == [edge + (n + 0.5) * step for n in range(8)]


@pytest.mark.parametrize("place", [(-1, 0, 0), (MAX_ZOOM + 1, 0, 0), (3, 8, 0), (3, 0, -1)])
def test_tile_outside_the_world_is_refused(place: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="no tile"):
        tile(*place)
