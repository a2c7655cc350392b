"""One pipeline for every request: how a request arrives does not change its answer."""

import asyncio
import json
import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import httpx
import pytest
from fastapi.testclient import TestClient
from pydantic import BaseModel
from starlette.types import Message, Scope

from service.artifact.contract import Artifact
from service.artifact.load import load_artifact
from service.http.exchange import Exchange
from service.http.operation import Operation
from service.serving.atlas import Atlas
from service.serving.work import SMALL_BYTES, Work
from tests import tiny
from tests.service.http.single_operation import TEXT, pipeline_to
from tests.serving import app_of, serving

ORIGIN = "https://a.example"
JSON = {"Content-Type": "application/json"}
PICTURE = tiny.picture_bytes(tiny.random_levels(1)[0])
FORM, FORM_HEADERS = (
    (request := httpx.Request("POST", "http://a", files=tiny.uploads([PICTURE]))).read(),
    {"Content-Type": request.headers["content-type"]},
)
PIXELS = (tiny.random_levels(1) / 255).tolist()
RIGHT = [
    ("/encode", FORM, FORM_HEADERS),
    ("/encode/picture?model=ae", PICTURE, {"Content-Type": "image/png"}),
    ("/encode/picture", tiny.picture_bytes(tiny.random_levels(1)[0], "JPEG"), {}),
    ("/encode/pixels", json.dumps({"model": "ae", "images": PIXELS}).encode(), JSON),
    ("/decode", b'{"latents": [[0.5, -1], [2, 0]], "columns": 2, "scale": 2}', JSON),
    ("/decode", json.dumps({"latents": [[0, 0]] * 100}).encode(), JSON),
    ("/decode/pixels", b'{"latents": [[0.5, -1]]}', JSON),
]
WRONG = [
    ("/decode", b"{", JSON),
    ("/decode", b"{}", JSON),
    ("/decode", b'{"latents": [[0, NaN]]}', JSON),
    ("/decode", b'{"latents": [[0, 0]], "model": "none"}', JSON),
    ("/decode", b'{"latents": [[0, 0]]}', {"Content-Type": "application/jsonl"}),
    ("/decode?scale=2", b'{"latents": [[0, 0]]}', JSON),
    ("/encode", FORM[:-9], FORM_HEADERS),
    ("/encode", FORM.replace(PICTURE, PICTURE[:80]), FORM_HEADERS),
    ("/encode", FORM.replace(PICTURE, b"a text"), FORM_HEADERS),
    ("/encode/picture", FORM, FORM_HEADERS),
    ("/encode/picture", PICTURE[:80], {}),
    ("/nowhere", b"{}", JSON),
]
PAGES = ["/grid?rows=2", "/grid?rows=0", "/models", "/models/vae", "/models/nope", "/nowhere"]
PAGES += ["/livez", "/readyz", "/openapi.json", "/", "/docs", "/v2", "/v2/nowhere"]


@pytest.fixture(scope="module")
def shared(repository: Path) -> Iterator[TestClient]:
    """A client of an app that pages of one other origin may call."""
    with serving(repository, cors_origins=(ORIGIN,)) as client:
        yield client


def in_chunks(content: bytes) -> Iterator[bytes]:
    """A body without a declared length."""
    yield content[:10]
    yield content[10:]


def told(answer: httpx.Response) -> tuple[object, ...]:
    """The answer without the request's id and the headers that only browsers read."""
    headers = {
        name: text
        for name, text in answer.headers.items()
        if name != "x-request-id" and not name.startswith("access-control-")
    }
    return answer.status_code, headers, answer.content


@pytest.mark.parametrize(("path", "content", "headers"), [*RIGHT, *WRONG])
def test_answer_is_the_same_with_a_length_and_in_chunks(
    client: TestClient, path: str, content: bytes, headers: dict[str, str]
) -> None:
    whole = client.post(path, content=content, headers=headers)
    cut = client.post(path, content=in_chunks(content), headers=headers)

    assert told(whole) == told(cut)
    assert whole.is_success == ((path, content, headers) in RIGHT)


@pytest.mark.parametrize(("path", "content", "headers"), [*RIGHT, *WRONG])
def test_answer_is_the_same_from_another_origin(
    shared: TestClient, path: str, content: bytes, headers: dict[str, str]
) -> None:
    own = shared.post(path, content=content, headers=headers)
    other = shared.post(path, content=content, headers=headers | {"Origin": ORIGIN})

    assert told(own) == told(other)
    assert other.headers["access-control-allow-origin"] == ORIGIN


@pytest.mark.parametrize("path", PAGES)
def test_head_has_the_status_and_headers_of_get_and_no_body(client: TestClient, path: str) -> None:
    head, get = client.head(path), client.get(path)

    assert (head.status_code, head.content) == (get.status_code, b"")
    assert told(head)[1] == told(get)[1]
    assert int(head.headers["content-length"]) == len(get.content)


@pytest.mark.parametrize(
    "query", ["rows=0", "rows=a", "x_min=nan", "other=1", "rows=2&rows=3", "bounds=none"]
)
def test_head_and_get_refuse_the_same_queries(client: TestClient, query: str) -> None:
    assert client.head(f"/grid?{query}").status_code == 422
    assert client.get(f"/grid?{query}").status_code == 422


def test_head_is_conditional_too(client: TestClient) -> None:
    tag = client.head("/grid?rows=1").headers["etag"]

    assert client.head("/grid?rows=1", headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize(
    "path", ["/livez", "/grid?rows=1", "/nowhere", "/grid?rows=x", "/models/a", "/docs"]
)
def test_every_answer_carries_an_id_and_safe_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers

    assert len(headers["x-request-id"]) == 32
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("default-src 'none'")


def test_key_is_checked_before_the_length_and_the_length_before_the_route(
    repository: Path,
) -> None:
    with serving(repository, api_key="key", max_body_bytes=10) as client:
        answers = [
            client.post(path, content=bytes(11), headers=headers).status_code
            for path, headers in (("/decode", {}), ("/nowhere", {"X-API-Key": "key"}))
        ]

    assert answers == [401, 413]


def test_request_is_counted_once_by_itself_and_once_by_its_items(client: TestClient) -> None:
    def count() -> int:
        lines = client.get("/metrics").text.splitlines()
        return sum(
            int(float(line.split()[-1]))
            for line in lines
            if line.startswith(("atlas_request_items_count", "atlas_requests_total"))
            and "metrics" not in line
        )

    before = count()
    for path, content, headers in RIGHT:
        client.post(path, content=content, headers=headers)

    assert count() - before == 2 * len(RIGHT)


def test_kept_grid_is_answered_as_it_was_first(client: TestClient) -> None:
    query = "/grid?rows=9&columns=10&x_min=-2"
    first, again = client.get(query), client.get(query)
    other = client.get(query, headers={"Transfer-Encoding": "chunked"})

    assert told(first) == told(again) == told(other)
    assert client.get(query, headers={"If-None-Match": again.headers["etag"]}).status_code == 304
    assert client.get("/metrics").text.count('atlas_cache_requests_total{outcome="found"} 0') == 0


def test_grid_of_a_reloaded_model_is_drawn_anew(tmp_path: Path) -> None:
    tiny.publish(tmp_path, "vae")

    with serving(tmp_path) as client:
        before = [client.get("/grid?rows=4") for _ in range(2)]
        tiny.publish(tmp_path, "vae", seed=2)
        app_of(client).state.atlas.registry.load()
        after = [client.get("/grid?rows=4") for _ in range(2)]

    assert [answer.headers["atlas-model-version"] for answer in before + after] == list("1122")
    assert before[0].content == before[1].content != after[0].content == after[1].content


def test_unexpected_error_is_logged_and_answered_with_the_same_id(
    repository: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: Atlas) -> NoReturn:
        raise RuntimeError("inner workings")

    with caplog.at_level(logging.INFO, "service.access"):
        answer = TestClient(pipeline_to(Operation("GET", "/", TEXT), fail, repository)).get("/")

    failed, request = (vars(record)["fields"]["request_id"] for record in caplog.records)
    assert (answer.status_code, answer.json()["status"]) == (500, 500)
    assert "inner workings" not in answer.text
    assert answer.headers["x-request-id"] == failed == request
    assert "inner workings" in caplog.text


def test_request_that_the_server_cancels_answers_503(repository: Path) -> None:
    sent, is_waiting = list[Message](), asyncio.Event()

    def plan(_: Atlas, body: Body) -> NoReturn:  # noqa: ARG001
        raise AssertionError

    async def receive() -> NoReturn:
        is_waiting.set()
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    async def cancel() -> None:
        pipeline = pipeline_to(Operation("POST", "/", TEXT), plan, repository)
        handler = asyncio.create_task(pipeline(POST, receive, send))
        await is_waiting.wait()
        handler.cancel()
        await handler

    asyncio.run(cancel())

    assert sent[0]["status"] == 503
    assert (b"connection", b"close") in sent[0]["headers"]


class Body(BaseModel):
    text: str = ""


POST: Scope = {
    "type": "http",
    "method": "POST",
    "path": "/",
    "query_string": b"",
    "headers": [(b"content-type", b"application/json")],
}


class Threads:
    """Reads, plans and computes a body that says that it is small, and notes each step's thread."""

    media_type = None

    def __init__(self, artifact: Artifact) -> None:
        self.seen = list[int]()
        self._artifact = artifact

    def check_media_type(self, _: bytes) -> None: ...

    def read(self, _: Exchange, content: bytes, __: Atlas) -> bytes:
        self._note()
        return content

    def plan(self, _: Atlas, body: bytes) -> Work[bytes]:  # noqa: ARG002
        self._note()
        return Work(self._artifact, self._note, size=1, kind="images", items=1)

    def _note(self) -> bytes:
        self.seen.append(threading.get_ident())
        return b""


@pytest.mark.parametrize(("size", "is_here"), [(SMALL_BYTES, True), (SMALL_BYTES + 1, False)])
def test_nothing_of_a_large_body_is_done_on_the_event_loop(
    size: int, is_here: bool, repository: Path
) -> None:
    threads = Threads(load_artifact(repository / "vae" / "1"))
    waiting: list[Message] = [{"type": "http.request", "body": bytes(size)}]

    async def receive() -> Message:
        return waiting.pop() if waiting else await asyncio.Queue[Message]().get()

    async def send(message: Message) -> None:
        assert message.get("status", 200) == 200

    operation = Operation("POST", "/", TEXT, body_reader=threads)
    asyncio.run(pipeline_to(operation, threads.plan, repository)(POST, receive, send))

    assert [thread == threading.get_ident() for thread in threads.seen] == [is_here] * 3
