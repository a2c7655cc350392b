"""Measures how long the page takes to show the picture at the pointer after a move, in Chromium.

Run with `python -m tests.benchmarks.hover`. Both maps draw at each position. A frame lasts from the
request to the last pixel on the canvas.
"""

import argparse
import random
from statistics import quantiles

from service.settings import Settings
from tests.browser import open_browser, open_page
from tests.explorer.atlas import Atlas
from tests.explorer.conftest import client
from tests.server import serve

REACH = 200.0  # pixels from the middle of the map


def main() -> None:
    parser = argparse.ArgumentParser("hover", description=__doc__)
    parser.add_argument("--moves", type=int, default=300)
    moves = parser.parse_args().moves
    with (
        serve(["-m", "service"], Settings().model_repository, workers=None) as (address, _),
        open_browser() as browser,
        open_page(browser, address, "/") as visit,
    ):
        atlas = Atlas(visit.page, client(visit), visit.complaints)
        atlas.wait()
        visit.page.evaluate(
            "window.frames = []; addEventListener('drawn', "
            "({ detail }) => window.frames.push(detail.milliseconds))"
        )
        chance = random.Random(0)
        for _ in range(moves):
            atlas.hover(0, chance.uniform(-REACH, REACH), chance.uniform(-REACH, REACH))
        frames = visit.page.evaluate("window.frames")
    cuts = quantiles(frames, n=100)
    print(  # noqa: T201
        f"{len(frames)} frames: median {cuts[49]:.1f} ms, 95th percentile {cuts[94]:.1f} ms, "
        f"99th {cuts[98]:.1f} ms, longest {max(frames):.1f} ms"
    )


if __name__ == "__main__":
    main()
