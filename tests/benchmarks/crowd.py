"""Sends costly requests, alone or several at once, and times what others wait for meanwhile."""

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle
from threading import Event
from time import monotonic

import httpx
import numpy as np

from tests.benchmarks.works import Request

PATIENCE_SECONDS = 30.0
PERIOD_SECONDS = 0.02


@dataclass(frozen=True)
class Sent:
    """The status of an answer, or why there is none; and the bytes of both, heads included."""

    status: str
    bytes_in: int
    bytes_out: int


def send(client: httpx.Client, request: Request) -> Sent:
    """Send one request and read its answer."""
    message = client.build_request(
        request.method, request.path, content=request.body, headers=request.headers
    )
    bytes_in = len(message.url.raw_path) + _size(message.headers) + len(request.body or b"")
    try:
        answer = client.send(message)
    except httpx.TimeoutException:
        return Sent(f"none in {PATIENCE_SECONDS:.0f} s", bytes_in, 0)
    except httpx.TransportError:
        return Sent("closed", bytes_in, 0)
    return Sent(str(answer.status_code), bytes_in, _size(answer.headers) + len(answer.content))


def send_for(address: str, requests: list[Request], connections: int, seconds: float) -> None:
    """Send the requests in turn on each connection, from any of them on, for so long."""
    end = monotonic() + seconds

    def send_on(start: int) -> None:
        with connected(address) as client:
            for request in cycle(requests[start:] + requests[:start]):
                send(client, request)
                if monotonic() > end:
                    return

    with ThreadPoolExecutor(connections) as threads:
        list(threads.map(send_on, random.choices(range(len(requests)), k=connections)))


def waiting_times(address: str, request: Request, is_over: Event) -> list[float]:
    """Seconds that requests wait for their answers if one is due each PERIOD_SECONDS.

    While an answer takes longer, those that would have become due wait too, until it comes: each
    counts, as in HdrHistogram's correction for coordinated omission.
    """
    times = list[float]()
    with connected(address) as client:
        while True:
            started = monotonic()
            send(client, request)
            seconds = monotonic() - started
            times += np.arange(seconds, 0, -PERIOD_SECONDS).tolist()
            if is_over.wait(max(0.0, PERIOD_SECONDS - seconds)):
                return times


def connected(address: str) -> httpx.Client:
    return httpx.Client(base_url=address, timeout=PATIENCE_SECONDS)


def _size(headers: httpx.Headers) -> int:
    return sum(len(name) + len(text) + len(": \r\n") for name, text in headers.raw)
