"""Clients that disconnect, and clients that stay."""

import asyncio
import json
import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from starlette.types import Message

from service.http.disconnect import Disconnected, unless_disconnected
from tests.server import connected, figure, serve, until
from tests.service.slow_work import ONE_PLACE, slow_grid


@pytest.fixture(scope="module")
def crowded(repository: Path) -> Iterator[str]:
    """A server with one place and a queue of two."""
    environment = os.environ | ONE_PLACE | {"ATLAS_INFERENCE_QUEUE": "2"}
    with serve(["-m", "service"], repository, environment=environment) as (address, _):
        yield address


def send_request(connection: socket.socket, target: str) -> None:
    connection.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())


def test_client_that_goes_away_is_dropped_from_the_queue(crowded: str) -> None:
    with ThreadPoolExecutor(2) as clients, connected(crowded) as first:
        send_request(first, slow_grid(256))
        until(lambda: figure(crowded, "atlas_inference_running") == 1)
        with connected(crowded) as leaver:
            send_request(leaver, slow_grid())
            until(lambda: figure(crowded, "atlas_inference_waiting") == 1)
            neighbour = clients.submit(httpx.get, crowded + slow_grid(), timeout=60)
        until(lambda: figure(crowded, "atlas_inference_dropped_total") == 1)

        assert neighbour.result().status_code == 200
        assert first.recv(15) == b"HTTP/1.1 200 OK"
    assert figure(crowded, "atlas_requests_cancelled_total") == 1
    assert figure(crowded, "atlas_requests_total", route="/grid", status="499") == 1
    assert figure(crowded, "atlas_inference_compute_seconds_count") == 2


def test_client_that_breaks_off_its_upload_is_no_error(repository: Path) -> None:
    log = list[str]()

    with serve(["-m", "service"], repository, log=log) as (address, _):
        with connected(address) as connection:
            connection.sendall(
                b"POST /encode HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n"
                b"Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n"
            )
        until(lambda: figure(address, "atlas_requests_total", route="/encode", status="499") == 1)

    assert all(json.loads(line)["level"] == "info" for line in log)


def test_full_server_refuses_at_once_while_health_and_metrics_answer(crowded: str) -> None:
    with connected(crowded) as one, connected(crowded) as two, connected(crowded) as three:
        for connection in (one, two, three):
            send_request(connection, slow_grid(256))
        until(lambda: figure(crowded, "atlas_inference_waiting") == 2)
        with httpx.Client(base_url=crowded) as client:
            refused = client.get(slow_grid())
            others = [client.get(path) for path in ("/livez", "/readyz", "/metrics")]
        assert figure(crowded, "atlas_inference_waiting") == 2  # the others did not queue

    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert [answer.status_code for answer in others] == [200, 200, 200]


async def disconnect() -> Message:
    """Receive a disconnect."""
    await asyncio.sleep(0)
    return {"type": "http.disconnect"}


async def stay() -> Message:
    """Receive nothing: the client waits for its answer."""
    return await asyncio.Queue[Message]().get()


class Waiting:
    """Work that never ends, and whether it was cancelled."""

    def __init__(self) -> None:
        self.has_begun = asyncio.Event()
        self.was_cancelled = False

    async def run(self) -> None:
        self.has_begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.was_cancelled = True
            raise


def test_work_for_a_client_that_left_is_cancelled() -> None:
    async def ask() -> tuple[bool, int]:
        work, task = Waiting(), asyncio.current_task()
        with pytest.raises(Disconnected):
            await unless_disconnected(disconnect, work.run())
        assert task is not None
        return work.was_cancelled, task.cancelling()

    assert asyncio.run(ask()) == (True, 0)


def test_work_for_a_client_that_stays_is_finished_and_nothing_is_left_running() -> None:
    async def ask() -> tuple[str, int]:
        result = await unless_disconnected(stay, asyncio.sleep(0, "done"))
        await asyncio.sleep(0)
        return result, len(asyncio.all_tasks())

    assert asyncio.run(ask()) == ("done", 1)


def test_cancelling_by_the_server_is_no_disconnect() -> None:
    async def cancel() -> bool:
        work = Waiting()
        request = asyncio.create_task(unless_disconnected(stay, work.run()))
        await work.has_begun.wait()
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
        return work.was_cancelled

    assert asyncio.run(cancel())
