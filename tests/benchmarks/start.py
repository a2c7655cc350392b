"""python -m tests.benchmarks.start: seconds from a process to ready, and memory at rest.

Starts `python -m service`, as `make serve` does, on the embedded models with each runtime, and
prints the median of several starts. Memory in MB is RSS, and PSS, in which a page that n processes
share counts 1/n in each: its sum is what they take together.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from time import monotonic, sleep

import httpx

from tests.benchmarks.works import processes

READY = "Latent Atlas is ready: open http://localhost"
RUNTIMES = ("onnx", "torchscript")
REST_SECONDS = 1.0  # what follows a start is over by then


@dataclass(frozen=True)
class Start:
    """One start. The memory of each process, in bytes: of several workers' starter first."""

    seconds: float
    rss: list[int]
    pss: list[int]


def main(arguments: Sequence[str] | None = None) -> None:
    """Start services one after another; print a line for each runtime and number of workers."""
    parser = argparse.ArgumentParser("start", description=__doc__)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--runtimes", choices=RUNTIMES, nargs="+", default=RUNTIMES)
    options = parser.parse_args(arguments)
    for runtime in options.runtimes:
        for workers in options.workers:
            starts = [start(runtime, workers) for _ in range(options.times)]
            seconds = median(one.seconds for one in starts)
            rss = _megabytes(one.rss for one in starts)
            pss = _megabytes(one.pss for one in starts)
            sys.stdout.write(
                f"{runtime}, workers {workers}: ready in {seconds:.2f} s, "
                f"RSS {rss}, PSS {pss}, together {sum(pss)}\n"
            )


def start(runtime: str, workers: int) -> Start:
    """Start a service, wait until it says that it is ready, look at its memory, and end it."""
    settings = {"ATLAS_PORT": "0", "ATLAS_RUNTIME": runtime, "ATLAS_WORKERS": str(workers)}
    command = [sys.executable, "-m", "service"]
    began = monotonic()
    with subprocess.Popen(
        command, env={**os.environ, **settings}, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            ready = next(line for line in process.stderr if READY in line)
            seconds = monotonic() - began
            port = ready.partition(READY)[2].strip(':"}\n')
            httpx.get(f"http://127.0.0.1:{port}/readyz").raise_for_status()
            sleep(REST_SECONDS)
            memory = [one.memory_full_info() for one in processes(process.pid)]
        finally:
            process.terminate()
    return Start(seconds, [one.rss for one in memory], [one.pss for one in memory])


def _megabytes(starts: Iterable[Sequence[int]]) -> list[int]:
    """The median of several starts for each process."""
    return [round(median(ones) / 10**6) for ones in zip(*starts, strict=True)]


if __name__ == "__main__":
    main()
