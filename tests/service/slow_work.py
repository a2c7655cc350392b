"""Slow requests, for tests of what the server answers meanwhile."""

import itertools

# Settings for one place, and for grids that take about a second in it.
ONE_PLACE = {
    "ATLAS_INFERENCE_PLACES": "1",
    "ATLAS_MAX_TILES": str(256**2),
    "ATLAS_MAX_OUTPUT_PIXELS": str((256 * 28) ** 2),
}


NUMBERS = itertools.count()


def slow_grid(side: int = 128) -> str:
    """A query that is not cached yet. Takes some hundred milliseconds; a second with side 256."""
    return f"/grid?rows={side}&columns={side}&x_min={-4 - next(NUMBERS)}"
