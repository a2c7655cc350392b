"""Prints where the time of small requests goes, step by step, without a server around the app.

    python -m tests.benchmarks.budget

Asks the app in this process, one request at a time and 64 at once, and times its steps. A step's
time includes those of the steps inside it, and about half a microsecond for timing it.
"""

import argparse
import asyncio
import inspect
import logging
import os
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from time import perf_counter
from typing import Any

import uvloop
from fastapi import FastAPI
from starlette.types import Message

from service.app import create_app
from service.http import access_log, bodies, exchange, operation, pipeline
from service.operations import encode, encodings
from service.process.logs import configure_logging
from service.serving import gatherer, inference
from service.settings import Settings
from tests.benchmarks.works import Request, make_works

AT_ONCE = (1, 64)
# Steps, from outside to inside, by what they do.
STEPS: list[tuple[str, Any, str]] = [
    ("read headers, id and path", exchange.Exchange, "__init__"),
    ("find the operation", pipeline.Pipeline, "_find"),
    ("read JSON into an array", bodies.ArrayBody, "read"),
    ("  of it simdjson", bodies, "read_with_array"),
    ("split the form", bodies.FormBody, "read"),
    ("compute all that is ready (one call)", gatherer.Gatherer, "_compute_some"),
    ("  open the picture, check all its parts", encode, "open_picture"),
    ("  fit it to the model", encode, "fit_picture"),
    ("  encode (one call)", encodings, "encode"),
    ("  of it the nearest reference points", inference, "in_support"),
    ("  write JSON", encodings, "_write_encodings"),
    ("make the answer's headers", operation.Answers, "of"),
    ("count, time and log", access_log.AccessLog, "record"),
]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser("budget", description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    rounds = parser.parse_args(arguments).rounds
    with open(os.devnull, "w") as nowhere:
        sys.stderr = nowhere  # the log is written as always, but not shown
        configure_logging("info", "json")
        app = create_app(Settings(cache_bytes=0))
        app.state.atlas.registry.load()
        works = make_works()
        for name in [name for name in works if name.startswith("encode 1")]:
            for at_once in AT_ONCE:
                _print_budget(app, name, works[name], at_once, rounds)
        logging.shutdown()
    return 0


def _print_budget(
    app: FastAPI, name: str, requests: list[Request], at_once: int, rounds: int
) -> None:
    plain = uvloop.run(_ask(app, requests, at_once, rounds))
    with _timed_steps() as seconds:
        uvloop.run(_ask(app, requests, at_once, rounds))
    lines = [f"\n{name}, {at_once} at once: {1e6 * median(plain):.0f} us a request"]
    shown = (title for title, _, _ in STEPS if title in seconds)
    lines += [f"  {1e6 * median(seconds[title]):7.1f} us  {title}" for title in shown]
    sys.stdout.write("\n".join(lines) + "\n")


async def _ask(app: FastAPI, requests: list[Request], at_once: int, rounds: int) -> list[float]:
    """Seconds a request, by round."""
    seconds = list[float]()
    for _ in range(rounds):
        started = perf_counter()
        chosen = (requests[number % len(requests)] for number in range(at_once))
        await asyncio.gather(*(_send(app, request) for request in chosen))
        seconds.append((perf_counter() - started) / at_once)
    return seconds


async def _send(app: FastAPI, request: Request) -> None:
    waiting: list[Message] = [{"type": "http.request", "body": request.body or b""}]

    async def receive() -> Message:
        return waiting.pop() if waiting else await asyncio.Queue[Message]().get()

    async def send(message: Message) -> None:
        assert message.get("status", 200) == 200

    headers = {"host": "localhost", **request.headers}
    scope = {
        "type": "http",
        "method": request.method,
        "path": request.path,
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }
    await app(scope, receive, send)


@contextmanager
def _timed_steps() -> Iterator[dict[str, list[float]]]:
    seconds, originals = defaultdict[str, list[float]](list), list[tuple[Any, str, Any]]()

    def timed(title: str, step: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **named: Any) -> Any:
            started = perf_counter()
            try:
                return step(*arguments, **named)
            finally:
                seconds[title].append(perf_counter() - started)

        return run

    for title, owner, name in STEPS:
        originals.append((owner, name, inspect.getattr_static(owner, name)))
        setattr(owner, name, timed(title, getattr(owner, name)))
    try:
        yield seconds
    finally:
        for owner, name, original in originals:
            setattr(owner, name, original)


if __name__ == "__main__":
    sys.exit(main())
