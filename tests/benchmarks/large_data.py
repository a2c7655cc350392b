"""python -m tests.benchmarks.large_data: time and memory of training on many pictures.

Makes pictures of 64 x 64 x 3 in a temporary folder: one .npy file, or a file for each with --files.
Each line is a process of its own and the most memory that it held. --keep takes a folder to use
again.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from service.artifact.arrays import Levels

SIDE, CLASSES, CHUNK = 64, 10, 1000

READ_AN_EPOCH = """
import sys
from pathlib import Path
import numpy as np
from training.config import DataSection
from training.data.loading import find_source, prepare
preparation = prepare(find_source(Path(sys.argv[1])), DataSection(channels="colour"))
pictures = preparation.pictures(np.random.default_rng(0).permutation(preparation.prepared.count))
for start in range(0, len(pictures), 256):
    (pictures[start : start + 256].astype(np.float32) / 255).sum()
"""


def draw(count: int, seed: int) -> Levels:
    """[count, 64, 64, 3] soft discs of ten colours on soft grounds; the class is seed % 10."""
    random = np.random.default_rng(seed)
    rows, columns = np.indices((SIDE, SIDE), np.float32)[:, None]
    row, column, radius = random.uniform(12, 52, (3, count, 1, 1)).astype(np.float32)
    outside = (rows - row) ** 2 + (columns - column) ** 2 - radius**2 / 4
    disc = 1 / (1 + np.exp(outside.clip(-50, 50)))  # 1 in it, 0 around it
    ink = np.random.default_rng(seed % CLASSES).uniform(0, 255, 3).astype(np.float32)
    ground = random.uniform(0, 255, (count, 1, 1, 3)).astype(np.float32)
    shade = (rows / SIDE)[0, ..., None] * np.float32(0.5) + np.float32(0.5)
    levels: Levels = (disc[..., None] * ink + (1 - disc[..., None]) * ground * shade).astype(
        np.uint8
    )
    return levels


def write_array(folder: Path, count: int) -> Path:
    shape = (count, SIDE, SIDE, 3)
    array = np.lib.format.open_memmap(folder / "images.npy", "w+", np.uint8, shape)
    for start in range(0, count, CHUNK):
        array[start : start + CHUNK] = draw(min(CHUNK, count - start), start // CHUNK)
    np.save(folder / "labels.npy", np.arange(count) // CHUNK % CLASSES)
    return folder


def write_files(folder: Path, count: int) -> Path:
    for start in range(0, count, CHUNK):
        inside = folder / f"class {start // CHUNK % CLASSES}"
        inside.mkdir(exist_ok=True)
        for number, levels in enumerate(draw(min(CHUNK, count - start), start // CHUNK), start):
            Image.fromarray(levels).save(inside / f"{number:06}.png", compress_level=1)
    return folder


def measure(what: str, words: list[str], folder: Path) -> None:
    """Run a Python program and print how long it took and the most memory that it held."""
    started = time.perf_counter()
    environment = os.environ | {"XDG_CACHE_HOME": str(folder)}
    process = subprocess.Popen([sys.executable, *words], env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    peak = usage.ru_maxrss / (2**20 if sys.platform != "darwin" else 2**30)
    process.returncode = os.waitstatus_to_exitcode(status)
    failed = f", exit code {process.returncode}" if status else ""
    sys.stdout.write(f"{what}: {seconds:.0f} s, at most {peak:.2f} GB{failed}\n")
    sys.stdout.flush()


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=200_000)
    parser.add_argument("--files", action="store_true", help="a PNG file for each picture")
    parser.add_argument("--keep", type=Path, help="folder for the data and the cache")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(options.keep or temporary)
        data = folder / ("files" if options.files else "array")
        if not data.exists():
            data.mkdir(parents=True)
            (write_files if options.files else write_array)(data, options.pictures)
        size = sum(file.stat().st_size for file in data.rglob("*") if file.is_file())
        sys.stdout.write(f"{options.pictures:,} pictures of 64 x 64 x 3, {size / 1e9:.2f} GB\n")
        sheet = str(folder / "sheet.png")
        describe = ["-m", "training", "describe", "--data", str(data), "--output", sheet]
        measure("describe, in colour", describe, folder)
        measure("read an epoch in colour from the cache", ["-c", READ_AN_EPOCH, str(data)], folder)
        fit = ["-m", "training", "fit", "ae", "--preset", "lab", "--epochs", "1"]
        places = ["--repository", str(folder / "models"), "--runs-dir", str(folder / "runs")]
        measure("fit an epoch, in grey", [*fit, "--data", str(data), *places], folder)


if __name__ == "__main__":
    main()
