"""python -m tests.benchmarks.speed: requests per second of the service, a baseline and two floors.

Each round runs one server after another. The load generator (wrk) shares the machine, so ratios
mean more than absolute figures. A run takes minutes; try --seconds 1 --rounds 1 first.
"""

import argparse
import json
import os
import sys
import tempfile
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from time import perf_counter

import httpx
import numpy as np
import torch

from service.artifact.load import load_artifact
from service.latent.planes import Bounds, grid
from service.pictures.mosaic import lay_out
from service.pictures.png import encode_png
from service.serving.inference import decode_levels
from service.settings import EMBEDDED_REPOSITORY
from tests.benchmarks.works import Load, Request, answer_sizes, load, make_works, processes
from tests.server import serve

OURS = ["-m", "service"]
UVICORN = ["-m", "uvicorn", "--port", "0", "--no-access-log"]
PLAIN = [*UVICORN, "--factory", "tests.benchmarks.plain:create_app"]
BARE = [*UVICORN, "tests.benchmarks.bare:app"]
NO_CACHE = {"ATLAS_CACHE_BYTES": "0"}
GRID = "grid 21 x 21"
Works = dict[str, list[Request]]
Results = defaultdict[tuple[str, str, int], list[Load]]


def main(arguments: list[str] | None = None) -> int:
    """Measure every server and print the figures."""
    options = _options(arguments)
    works = make_works()
    with serve(OURS, None, workers=None) as (address, _):
        sizes = json.dumps(answer_sizes(address, works))
    servers = {
        "ours": (OURS, {}),
        "ours, no cache": (OURS, NO_CACHE),
        "plain FastAPI": (PLAIN, {}),
        "bare uvicorn": (BARE, {"ATLAS_BENCHMARK_SIZES": sizes}),
    }
    results: Results = defaultdict(list)
    for _ in range(options.rounds):
        for server, (command, settings) in servers.items():
            print(server, file=sys.stderr)  # noqa: T201  # shows progress
            _measure(server, command, settings, works, options, results)
    _print_table(results, list(works), list(servers), options.connections)
    _print_lines(works, options.seconds)
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("speed", description=__doc__)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 16, 64])
    return parser.parse_args(arguments)


def _measure(
    server: str,
    command: list[str],
    settings: dict[str, str],
    works: Works,
    options: argparse.Namespace,
    results: Results,
) -> None:
    environment = os.environ | settings
    with (
        serve(command, None, environment=environment, workers=None) as (address, process),
        tempfile.TemporaryDirectory() as folder,
    ):
        for work, requests in works.items():
            if server == "ours, no cache" and work != GRID:
                continue
            for connections in (16, *options.connections):  # the first one warms up
                seen = load(
                    address, process.pid, requests, connections, options.seconds, Path(folder)
                )
                if seen.failed:
                    raise SystemExit(f"{server}: {seen.failed} requests failed")
                results[server, work, connections].append(seen)
            results[server, work, 16].pop(0)


def _print_table(
    results: Results, works: list[str], servers: list[str], connections: list[int]
) -> None:
    _print("| work | server | connections | answers/s | p50 ms | p99 ms | CPU ms an answer |")
    _print("|---|---|---:|---:|---:|---:|---:|")
    for work in works:
        for server in servers:
            for count in connections:
                if seen := results.get((server, work, count)):
                    figures = [
                        median(getattr(one, name) for one in seen)
                        for name in ("per_second", "p50_ms", "p99_ms", "cpu_ms")
                    ]
                    shown = "{:,.0f} | {:.2f} | {:.2f} | {:.3f}".format(*figures)
                    _print(f"| {work} | {server} | {count} | {shown} |")


def _print_lines(works: Works, seconds: int) -> None:
    """Print the figures outside the table: floor, health, cost by size, start and memory."""
    for threads in (1, 2):
        _print(f"decode and PNG in a loop, {threads} threads: {_loop(threads):,.0f} grids/s")
    started = perf_counter()
    with serve(OURS, None, environment=os.environ | NO_CACHE, workers=None) as (address, process):
        _print(f"start to ready: {perf_counter() - started:.1f} s")
        resting = _memory(process.pid)
        with httpx.Client(base_url=address, timeout=60) as client:
            for title, cost in (("grid side", _grid_cost), ("batch", _batch_cost)):
                _print(f"microseconds a tile by {title}: {cost(client)}")
        health = _health_p99(address, process.pid, works[GRID], seconds)
        _print(f"/livez p99 under uncached grids on 64 connections: {health:.1f} ms")
        _print(f"RSS of each process in MB: at rest {resting}, after this {_memory(process.pid)}")


def _loop(threads: int, times: int = 60) -> float:
    """Grids per second of the model and the PNG encoder alone."""
    torch.set_num_threads(1)
    artifact = load_artifact(EMBEDDED_REPOSITORY / "vae" / "1")
    points = grid(21, 21, Bounds(-4, 4), Bounds(-4, 4), "linear")

    def draw(_: int) -> bytes:
        (levels,) = decode_levels(artifact, points)
        return encode_png(lay_out(levels, 21, 1))

    with ThreadPoolExecutor(threads) as places:
        list(places.map(draw, range(10)))
        started = perf_counter()
        list(places.map(draw, range(times)))
        return times / (perf_counter() - started)


def _grid_cost(client: httpx.Client) -> dict[int, float]:
    return {
        side: _cost(client, Request(f"/grid?rows={side}&columns={side}"), side * side)
        for side in (5, 11, 21, 51, 101)
    }


def _batch_cost(client: httpx.Client) -> dict[int, float]:
    points = np.random.default_rng(0).normal(size=(512, 2)).round(4).tolist()
    headers = {"Content-Type": "application/json"}
    return {
        size: _cost(
            client,
            Request("/decode", json.dumps({"latents": points[:size]}).encode(), headers),
            size,
        )
        for size in (1, 8, 64, 512)
    }


def _cost(client: httpx.Client, request: Request, tiles: int) -> float:
    """Microseconds per tile, the median of several requests sent one by one."""
    times = []
    for _ in range(max(5, min(200, 4000 // tiles))):
        started = perf_counter()
        request.send(client)
        times.append(perf_counter() - started)
    return round(median(times) * 1e6 / tiles, 1)


def _health_p99(address: str, pid: int, requests: list[Request], seconds: int) -> float:
    """99th percentile of a health check under load, in milliseconds."""
    with (
        ThreadPoolExecutor(1) as beside,
        tempfile.TemporaryDirectory() as folder,
        httpx.Client(base_url=address) as client,
    ):
        loading = beside.submit(load, address, pid, requests, 64, 3 * seconds, Path(folder))
        times = []
        while not loading.done():
            started = perf_counter()
            client.get("/livez").raise_for_status()
            times.append(perf_counter() - started)
    return float(np.percentile(times, 99)) * 1000


def _memory(pid: int) -> list[int]:
    return [round(process.memory_info().rss / 2**20) for process in processes(pid)]


def _print(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
