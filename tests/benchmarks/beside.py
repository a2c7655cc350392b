"""python -m tests.benchmarks.beside FOLDER: this checkout and the one in FOLDER, cell by cell.

Both servers run at once and are asked in turn, so noise of the machine meets both alike. FOLDER
needs nothing but the other checkout's files: both run with this Python.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path
from statistics import median

from tests.benchmarks.works import Load, Request, load, make_own_works, make_works
from tests.server import serve

SERVER = ["-m", "service"]
HERE = Path(__file__).parents[2]


def main(arguments: list[str] | None = None) -> int:
    """Measure both and print a line for each work and number of connections."""
    options = _options(arguments)
    environment = os.environ | {"ATLAS_CACHE_BYTES": str(options.cache_bytes)}
    print("| work | connections | there/s | here/s | ratio | CPU ms there | here | ratio |")  # noqa: T201
    print("|---|---:|---:|---:|---:|---:|---:|---:|")  # noqa: T201
    with (
        serve(SERVER, None, folder=options.folder, environment=environment) as (there, old),
        serve(SERVER, None, folder=HERE, environment=environment) as (here, new),
        tempfile.TemporaryDirectory() as folder,
    ):
        servers = ((there, old.pid), (here, new.pid))
        for work, requests in (make_works() | make_own_works()).items():
            if options.work in work:
                for connections in options.connections:
                    seen = _measure(servers, requests, connections, options, Path(folder))
                    print(f"| {work} | {connections} | {_compare(*seen)} |", flush=True)  # noqa: T201
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("beside", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--work", default="", help="only those with this in their name")
    parser.add_argument("--seconds", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 16, 64])
    parser.add_argument("--cache-bytes", type=int, default=32 * 2**20)
    return parser.parse_args(arguments)


def _measure(
    servers: tuple[tuple[str, int], tuple[str, int]],
    requests: list[Request],
    connections: int,
    options: argparse.Namespace,
    folder: Path,
) -> tuple[list[Load], list[Load]]:
    """The loads of both servers; which of them comes first changes from round to round."""
    loads: tuple[list[Load], list[Load]] = ([], [])
    for number in range(-1, options.rounds):
        for which in (0, 1) if number % 2 else (1, 0):
            address, pid = servers[which]
            seen = load(address, pid, requests, connections, options.seconds, folder)
            if seen.failed:
                raise SystemExit(f"{address}: {seen.failed} requests failed")
            if number >= 0:  # the first round warms up
                loads[which].append(seen)
    return loads


def _compare(there: list[Load], here: list[Load]) -> str:
    old, new = median(it.per_second for it in there), median(it.per_second for it in here)
    old_cpu, new_cpu = median(it.cpu_ms for it in there), median(it.cpu_ms for it in here)
    return (
        f"{old:,.0f} | {new:,.0f} | {new / old:.2f} | "
        f"{old_cpu:.3f} | {new_cpu:.3f} | {new_cpu / old_cpu:.2f}"
    )


if __name__ == "__main__":
    sys.exit(main())
