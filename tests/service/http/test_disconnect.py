"""Clients that go away, and those that stay."""

import asyncio
import json
import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from service.http.disconnect import Departure
from tests.server import figure, serve, until
from tests.service.process.test_server import ONE_PLACE, connected, slow_grid

POST: Scope = {"type": "http", "method": "POST", "headers": [(b"content-length", b"2")]}
GET: Scope = {"type": "http", "method": "GET", "headers": []}
BODY: Message = {"type": "http.request", "body": b"{}", "more_body": False}
DISCONNECT: Message = {"type": "http.disconnect"}


@pytest.fixture(scope="module")
def crowded(repository: Path) -> Iterator[str]:
    """A server with one place and a queue of two."""
    environment = os.environ | ONE_PLACE | {"ATLAS_INFERENCE_QUEUE": "2"}
    with serve(["-m", "service"], repository, environment=environment) as (address, _):
        yield address


def send_request(connection: socket.socket, target: str) -> None:
    connection.sendall(f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode())


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
                b"POST /encode HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n"
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
        assert figure(crowded, "atlas_inference_waiting") == 2  # nobody had to wait for a place

    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert [answer.status_code for answer in others] == [200, 200, 200]


def run(scope: Scope, messages: list[Message], app: "App") -> list[Message]:
    """Pass one request through the middleware; what was sent."""
    sent = list[Message]()

    async def receive() -> Message:
        await asyncio.sleep(0)
        return messages.pop(0) if messages else await asyncio.Future()

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(Departure(app, retry_after_seconds=1)(scope, receive, send))
    return sent


class App:
    """Reads the body; then waits for ever or answers and reads on."""

    def __init__(self, waits: bool) -> None:
        self.waits = waits
        self.received = list[Message]()
        self.was_cancelled = False

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        try:
            self.received.append(await receive())
            if self.waits:
                await asyncio.Future()
        except asyncio.CancelledError:
            self.was_cancelled = True
            raise
        await send({"type": "http.response.start", "status": 200, "headers": []})
        self.received.append(await receive())
        await send({"type": "http.response.body", "body": b""})


@pytest.mark.parametrize(
    ("scope", "messages"),
    [(POST, [BODY, DISCONNECT]), (POST, [DISCONNECT]), (GET, [BODY, DISCONNECT])],
    ids=["after the body", "within the body", "without a body"],
)
def test_handler_of_a_client_that_left_is_cancelled(scope: Scope, messages: list[Message]) -> None:
    app = App(waits=True)

    assert run(scope, list(messages), app) == []

    assert app.was_cancelled


@pytest.mark.parametrize("scope", [GET, POST])
def test_answer_that_has_begun_is_finished(scope: Scope) -> None:
    app = App(waits=False)

    sent = run(scope, [BODY, DISCONNECT], app)

    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert app.received[0]["type"] == "http.request"
    assert app.received[1] == DISCONNECT


def test_handler_that_the_server_cancels_answers_503() -> None:
    sent = list[Message]()

    async def cancel() -> None:
        async def send(message: Message) -> None:
            sent.append(message)

        app = App(waits=True)
        handler = asyncio.create_task(
            Departure(app, retry_after_seconds=1)(GET, asyncio.Future, send)
        )
        while not app.received:
            await asyncio.sleep(0)
        handler.cancel()
        await handler

    asyncio.run(cancel())

    assert sent[0]["status"] == 503
    assert (b"connection", b"close") in sent[0]["headers"]
