"""python -m tests.benchmarks.amplify: what the costliest requests take, and what others notice.

For each case of costly.py it starts a server with one worker and sends the requests one by one,
then on several connections, while others ask for /livez and for a small picture. At the end come
answers that nobody reads. It prints Markdown; --page puts it into a page. A run takes minutes.
"""

import argparse
import sys
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import cycle
from multiprocessing import get_context
from pathlib import Path
from threading import Event
from time import monotonic
from urllib.parse import urlsplit

import numpy as np
import psutil

from tests import tiny
from tests.benchmarks.costly import Case, make_cases
from tests.benchmarks.crowd import connected, send, send_for, waiting_times
from tests.benchmarks.unread import hold
from tests.benchmarks.works import Request, cpu_seconds, upload_request
from tests.memory import peak_bytes, reset_peak, resident_bytes
from tests.server import serve

BEGIN, END = "<!-- amplification: begin -->", "<!-- amplification: end -->"
LIVEZ = Request("/livez")
SMALL = Request("/decode", b'{"latents":[[0.5,-0.5]]}', {"Content-Type": "application/json"})
UNREAD = "unread answers"
ANIMATION = Request(
    "/interpolate/animation",
    b'{"latents":[[-3,-3],[3,3]],"steps":4095,"scale":2}',
    {"Content-Type": "application/json"},
)


@dataclass(frozen=True)
class Server:
    address: str
    pid: int


@dataclass(frozen=True)
class Cost:
    """What one request of a case takes, sent alone. `memory` is the rise of the peak in bytes."""

    status: str
    bytes_in: int
    cpu_seconds: float
    memory: int
    bytes_out: int


@dataclass(frozen=True)
class Beside:
    """Seconds that others wait while requests run, and the rise of the peak in bytes."""

    livez: list[float]
    small: list[float]
    memory: int


def main(arguments: list[str] | None = None) -> int:
    """Measure the chosen operations and print, or put into a page, what was seen."""
    options = _options(arguments)
    lines = list[str]()
    if chosen := [case for case in make_cases() if _is_chosen(case.operation, options)]:
        lines += [*_measure(chosen, options), ""]
    if _is_chosen(UNREAD, options):
        with _server(options.url) as server:
            lines += [*_unread_table(server, options.unread, options.unread_seconds), ""]
    _write(lines, options.page)
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("amplify", description=__doc__)
    names = [*dict.fromkeys(case.operation for case in make_cases()), UNREAD]
    parser.add_argument("--operations", nargs="+", choices=names, help="without it: all of them")
    parser.add_argument("--url", help="of a server on this machine, instead of one for each case")
    parser.add_argument("--seconds", type=float, default=2, help="of each measurement")
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--unread", type=int, default=120, help="connections that never read")
    parser.add_argument("--unread-seconds", type=int, default=60)
    parser.add_argument("--page", type=Path, help=f"has the tables between {BEGIN} and {END}")
    return parser.parse_args(arguments)


def _is_chosen(operation: str, options: argparse.Namespace) -> bool:
    return options.operations is None or operation in options.operations


def _measure(cases: list[Case], options: argparse.Namespace) -> Iterator[str]:
    """The tables of what the cases cost, and of what others wait for beside them."""
    costs, besides = dict[Case, Cost](), dict[Case, list[Beside]]()
    # Another process, since this one's clock must not wait for what the crowd does.
    with ProcessPoolExecutor(1, get_context("spawn")) as crowd:
        with _server(options.url) as server:
            quiet = [_beside(server, [], 0, options.seconds, crowd)]
        for case in cases:
            with _server(options.url) as server:
                requests = case.make()
                costs[case] = _cost(server, requests, case.is_kept, options.seconds)
                print(_cost_row(case, costs[case]), file=sys.stderr)  # noqa: T201  # progress
                besides[case] = [
                    _beside(server, requests, connections, options.seconds, crowd)
                    for connections in options.connections
                ]
    yield from _cost_table(costs)
    yield ""
    yield from _beside_table(quiet, besides, options.connections)


@contextmanager
def _server(url: str | None) -> Iterator[Server]:
    """A server that has loaded all that it loads with the first requests."""
    with ExitStack() as stack:
        if url is None:
            address, process = stack.enter_context(serve(["-m", "service"], None))
            server = Server(address, process.pid)
        else:
            server = Server(url, _listener(urlsplit(url).port or 80))
        picture = np.zeros((28, 28), np.uint8)
        with connected(server.address) as client:
            for name in ("PNG", "JPEG", "GIF", "BMP", "WEBP"):
                send(client, upload_request(tiny.picture_bytes(picture, name)))
            send(client, SMALL)
        yield server


def _listener(port: int) -> int:
    """The process that listens on the port. Raises SystemExit where it is not this machine's."""
    for connection in psutil.net_connections("tcp"):
        is_listening = connection.status == psutil.CONN_LISTEN
        if is_listening and connection.laddr and connection.laddr.port == port and connection.pid:
            return connection.pid
    raise SystemExit(f"no process of yours listens on port {port} of this machine")


def _cost(server: Server, requests: list[Request], is_kept: bool, seconds: float) -> Cost:
    """Memory of the first request; CPU time as the mean of all that fit into the time."""
    with connected(server.address) as client:
        if is_kept:
            send(client, requests[0])
        reset_peak(server.pid)
        resident, spent = resident_bytes(server.pid), cpu_seconds(server.pid)
        end = monotonic() + seconds
        first = send(client, requests[0])
        rise, count = max(0, peak_bytes(server.pid) - resident), 1
        for request in cycle(requests[1:] or requests):
            if monotonic() > end:
                break
            send(client, request)
            count += 1
    spent = (cpu_seconds(server.pid) - spent) / count
    return Cost(first.status, first.bytes_in, spent, rise, first.bytes_out)


def _beside(
    server: Server, requests: list[Request], connections: int, seconds: float, crowd: Executor
) -> Beside:
    reset_peak(server.pid)
    resident, is_over = resident_bytes(server.pid), Event()
    with ThreadPoolExecutor(2) as others:
        livez, small = (
            others.submit(waiting_times, server.address, request, is_over)
            for request in (LIVEZ, SMALL)
        )
        try:
            if connections:
                crowd.submit(send_for, server.address, requests, connections, seconds).result()
            else:
                is_over.wait(seconds)
        finally:
            is_over.set()
        rise = max(0, peak_bytes(server.pid) - resident)  # /proc counts in steps
        return Beside(livez.result(), small.result(), rise)


def _cost_table(costs: dict[Case, Cost]) -> Iterator[str]:
    yield (
        "| operation | the costliest requests | status | bytes in | CPU s | CPU s a MB in "
        "| memory MB | memory / in | bytes out | out / in |"
    )
    yield "|---|---|---|---:|---:|---:|---:|---:|---:|---:|"
    yield from (_cost_row(case, cost) for case, cost in costs.items())


def _cost_row(case: Case, cost: Cost) -> str:
    bytes_in, bytes_out = cost.bytes_in, cost.bytes_out
    figures = (
        f"{bytes_in:,} | {cost.cpu_seconds:.3f} | {cost.cpu_seconds / bytes_in * 1e6:,.2f}",
        f"{cost.memory / 1e6:,.0f} | {cost.memory / bytes_in:,.0f}",
        f"{bytes_out:,} | {bytes_out / bytes_in:,.1f}",
    )
    return f"| `{case.operation}` | {case.name} | {cost.status} | {' | '.join(figures)} |"


def _beside_table(
    quiet: list[Beside], besides: dict[Case, list[Beside]], connections: list[int]
) -> Iterator[str]:
    heads = [f"/livez beside {n} | small beside {n} | memory MB" for n in connections]
    yield f"| operation | p50 / p99 / max in ms beside | {' | '.join(heads)} |"
    yield "|---|---|" + "---:|" * 3 * len(connections)
    yield f"|  | nothing else | {_waits(quiet * len(connections))} |"
    for case, seen in besides.items():
        yield f"| `{case.operation}` | {case.name} | {_waits(seen)} |"


def _waits(besides: list[Beside]) -> str:
    cells = (
        f"{_percentiles(it.livez)} | {_percentiles(it.small)} | {it.memory / 1e6:,.0f}"
        for it in besides
    )
    return " | ".join(cells)


def _percentiles(seconds: list[float]) -> str:
    figures = (*np.percentile(seconds, [50, 99]), max(seconds))
    return " / ".join(f"{1000 * figure:,.1f}" for figure in figures)


def _unread_table(server: Server, connections: int, seconds: int) -> Iterator[str]:
    sent, looks = hold(server.address, server.pid, ANIMATION, connections, seconds)
    asked = f"{connections} animations asked for with {sent:,} bytes and not read"
    yield f"| {asked}, after s | memory MB | open connections |"
    yield "|---:|---:|---:|"
    for look in looks:
        yield f"| {look.seconds} | {look.memory / 1e6:,.0f} | {look.connections} |"


def _write(lines: list[str], page: Path | None) -> None:
    """Print the lines, or put them between the marks of the page."""
    if page is None:
        print("\n".join(lines))  # noqa: T201
        return
    before, _, rest = page.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    if not after:
        raise SystemExit(f"{page} has no {BEGIN} with {END} after it")
    page.write_text("\n".join([f"{before}{BEGIN}", "", *lines, f"{END}{after}"]))


if __name__ == "__main__":
    sys.exit(main())
