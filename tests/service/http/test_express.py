"""What is answered at once equals what the other layers answer; what they must see reaches them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.http.express import Express
from service.settings import Settings
from tests import tiny
from tests.service.conftest import wait_until_loaded

JSON = {"Content-Type": "application/json"}
PICTURE = tiny.picture_bytes(tiny.random_levels(1)[0])
FORM, FORM_HEADERS = (
    (request := httpx.Request("POST", "http://a", files=tiny.uploads([PICTURE]))).read(),
    {"Content-Type": request.headers["content-type"]},
)
PIXELS = (tiny.random_levels(1) / 255).tolist()
SMALL = [
    ("/encode", FORM, FORM_HEADERS),
    ("/encode/pixels", json.dumps({"model": "ae", "images": PIXELS}).encode(), JSON),
    ("/decode", b'{"latents": [[0.5, -1], [2, 0]], "columns": 2, "scale": 2}', JSON),
    ("/decode/pixels", b'{"latents": [[0.5, -1]]}', JSON),
]
OTHERS = [
    ("/decode", b"{", JSON),
    ("/decode", b"{}", JSON),
    ("/decode", b'{"latents": [[0, NaN]]}', JSON),
    ("/decode", b'{"latents": [[0, 0]], "model": "none"}', JSON),
    ("/decode", b'{"latents": [[0, 0]]}', {"Content-Type": "application/jsonl"}),
    ("/decode?scale=2", b'{"latents": [[0, 0]]}', JSON),
    ("/decode", json.dumps({"latents": [[0, 0]] * 100}).encode(), JSON),
    ("/encode", FORM[:-9], FORM_HEADERS),
    ("/encode", FORM.replace(PICTURE, PICTURE[:80]), FORM_HEADERS),
    ("/encode", FORM.replace(PICTURE, b"a text"), FORM_HEADERS),
]


@pytest.fixture
def passed_on(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """One entry a request that was looked at: whether it was passed on."""
    seen, original = list[bool](), Express._answer

    def watch(self: Express, *arguments: Any) -> Any:
        answer = original(self, *arguments)
        seen.append(answer is None)
        return answer

    monkeypatch.setattr(Express, "_answer", watch)
    return seen


def in_chunks(content: bytes) -> Iterator[bytes]:
    """A body without a declared length, which is never answered at once."""
    yield content[:10]
    yield content[10:]


def told(answer: httpx.Response) -> tuple[object, ...]:
    """All of an answer but the request's id."""
    headers = {name: text for name, text in answer.headers.items() if name != "x-request-id"}
    return answer.status_code, headers, answer.content


@pytest.mark.parametrize(("path", "content", "headers"), SMALL)
def test_answer_at_once_equals_that_of_the_other_layers(
    client: TestClient, passed_on: list[bool], path: str, content: bytes, headers: dict[str, str]
) -> None:
    at_once = client.post(path, content=content, headers=headers)
    ordinary = client.post(path, content=in_chunks(content), headers=headers)

    assert passed_on == [False]
    assert told(at_once) == told(ordinary)
    assert at_once.status_code == 200


@pytest.mark.parametrize(("path", "content", "headers"), OTHERS)
def test_what_is_large_or_wrong_is_answered_by_the_other_layers(
    client: TestClient, passed_on: list[bool], path: str, content: bytes, headers: dict[str, str]
) -> None:
    looked_at = client.post(path, content=content, headers=headers)
    ordinary = client.post(path, content=in_chunks(content), headers=headers)

    assert False not in passed_on
    assert told(looked_at) == told(ordinary)


def test_key_is_asked_for(repository: Path, passed_on: list[bool]) -> None:
    settings = Settings.model_validate({"model_repository": repository, "api_key": "secret"})
    path, content, headers = SMALL[2]

    with TestClient(create_app(settings)) as client:
        wait_until_loaded(client)
        answers = [
            client.post(path, content=content, headers=headers | key).status_code
            for key in ({}, {"X-API-Key": "other"}, {"X-API-Key": "secret"})
        ]

    assert answers == [401, 401, 200]
    assert passed_on == [False]


def test_page_of_another_origin_gets_its_headers(repository: Path) -> None:
    origin = "https://a.example"
    settings = Settings.model_validate({"model_repository": repository, "cors_origins": [origin]})
    path, content, headers = SMALL[2]

    with TestClient(create_app(settings)) as client:
        wait_until_loaded(client)
        answer = client.post(path, content=content, headers=headers | {"Origin": origin})

    assert answer.headers["access-control-allow-origin"] == origin


def test_request_is_counted_once_whoever_answers(client: TestClient) -> None:
    def count() -> int:
        lines = client.get("/metrics").text.splitlines()
        return sum(
            int(float(line.split()[-1]))
            for line in lines
            if line.startswith(("atlas_request_items_count", "atlas_requests_total"))
            and "metrics" not in line
        )

    before = count()
    for path, content, headers in (*SMALL, OTHERS[6]):
        client.post(path, content=content, headers=headers)

    assert count() - before == 2 * 5  # once as a request, once by its items


def test_kept_grid_is_answered_as_it_was_first(client: TestClient) -> None:
    query = "/grid?rows=9&columns=10&x_min=-2"
    first, again = client.get(query), client.get(query)
    other = client.get(query, headers={"Transfer-Encoding": "chunked"})

    assert told(first) == told(again) == told(other)
    assert client.get(query, headers={"If-None-Match": again.headers["etag"]}).status_code == 304
    assert client.get("/metrics").text.count('atlas_cache_requests_total{outcome="found"} 0') == 0


def test_grid_of_a_reloaded_model_is_drawn_anew(tmp_path: Path) -> None:
    tiny.publish(tmp_path, "vae")
    app = create_app(Settings(model_repository=tmp_path))

    with TestClient(app) as client:
        wait_until_loaded(client)
        before = [client.get("/grid?rows=4") for _ in range(2)]
        tiny.publish(tmp_path, "vae", seed=2)
        app.state.atlas.registry.load()
        after = [client.get("/grid?rows=4") for _ in range(2)]

    assert [answer.headers["atlas-model-version"] for answer in before + after] == list("1122")
    assert before[0].content == before[1].content != after[0].content == after[1].content
