"""How long the ways to filter and deflate a PNG take, and how large it is then.

Run with `python -m tests.benchmarks.png`. Medians of 31 turns in one thread, on the grids of the
embedded models, on a smaller one whose filter is UP, and on one picture; a way that is not
installed (`pip install zlib-ng`) is left out.
"""

import importlib
import io
import random
import sys
import zlib
from collections.abc import Callable
from importlib.util import find_spec
from statistics import median
from time import perf_counter

import numpy as np
from isal import isal_zlib
from PIL import Image

from service.artifact.arrays import Levels
from service.pictures import png
from service.settings import EMBEDDED_REPOSITORY
from tests import tiny

TURNS = 31
FRAME_BYTES = 57  # of a PNG file, around its data
TURN_PIXELS = 400_000  # small pictures are written several times a turn


def pictures() -> dict[str, Levels]:
    """What is written, by name."""
    grids = {
        f"{model}, 21 x 21": tiny.read_levels(
            (EMBEDDED_REPOSITORY / model / "1" / "figures" / "grid.png").read_bytes()
        )
        for model in ("vae", "ae")
    }
    vae = grids["vae, 21 x 21"]
    middle = slice(4 * 28, 16 * 28)
    parts = {"vae, 12 x 12": vae[middle, middle], "vae, 1": vae[10 * 28 : 11 * 28, 280:308]}
    return grids | {name: np.ascontiguousarray(part) for name, part in parts.items()}


def ways() -> dict[str, Callable[[Levels], int]]:
    """How it is written, by name: each gives the bytes of its data."""
    found: dict[str, Callable[[Levels], int]] = {
        "ours": lambda picture: len(png.compressed(picture)),
        "ISA-L by itself": _deflated_by(lambda rows: isal_zlib.compress(rows, png.FASTEST)),
        "zlib 1, our filter": _deflated_by(lambda rows: zlib.compress(rows, 1)),
        "Pillow": _pillow,
    }
    if find_spec("zlib_ng"):
        zlib_ng = importlib.import_module("zlib_ng.zlib_ng")
        found["zlib-ng 2, our filter"] = _deflated_by(lambda rows: zlib_ng.compress(rows, 2))
    return found


def main() -> None:
    """Write all in turn and print the times and sizes, each beside ours."""
    for name, picture in pictures().items():
        writers, seconds = ways(), dict[str, list[float]]()
        repeats = max(1, TURN_PIXELS // picture.size)
        chance = random.Random(0)  # each way is slower after some of the others
        for _ in range(TURNS):
            for way, write in chance.sample(list(writers.items()), len(writers)):
                started = perf_counter()
                for _ in range(repeats):
                    write(picture)
                seconds.setdefault(way, []).append((perf_counter() - started) / repeats)
        ours, size = median(seconds["ours"]), writers["ours"](picture)
        for way, write in writers.items():
            time, length = median(seconds[way]), write(picture)
            sys.stdout.write(
                f"{name:14} {way:22} {time * 1e6:8.0f} us, {time / ours:5.2f} of ours; "
                f"{length:8,} bytes, {length / size:.3f}\n"
            )


def _deflated_by(deflate: Callable[[memoryview], bytes]) -> Callable[[Levels], int]:
    return lambda picture: len(deflate(png.filtered(picture).data))


def _pillow(picture: Levels) -> int:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return len(file.getvalue()) - FRAME_BYTES


if __name__ == "__main__":
    main()
