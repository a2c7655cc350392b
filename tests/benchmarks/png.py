"""Times several ways to filter and deflate a PNG, and prints the sizes they reach.

Run with `python -m tests.benchmarks.png`. It prints medians of 31 rounds in one thread, for the
grids of the embedded models, a smaller grid whose filter is UP, and one picture. It skips a library
that is not installed (`pip install zlib-ng`).
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
FRAME_BYTES = 57  # what a PNG file has around its data
TURN_PIXELS = 400_000  # each round writes a small picture several times


def pictures() -> dict[str, Levels]:
    """The pictures to write, by name."""
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
    """The ways to write them, by name. Each returns how many bytes its data has."""
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
    """Time every way in turn and print times and sizes beside the service's own."""
    for name, picture in pictures().items():
        writers, seconds = ways(), dict[str, list[float]]()
        repeats = max(1, TURN_PIXELS // picture.size)
        chance = random.Random(0)  # a way's speed depends on which one ran before it
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
