"""Request bodies: the limit, the media type, and a pointer to each fault."""

import asyncio
import codecs
import gzip
import json
import os
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from service.api.requests import DecodeInput, EncodePixelsInput
from service.app import create_app
from service.artifact.load import load_artifact
from service.errors import MAX_FAULTS, BodyTooLarge, Invalid, Malformed, Overloaded
from service.http.bodies import LargeBodies, check_size, parse_json, read_body, read_json
from service.http.disconnect import Disconnected
from service.http.exchange import Exchange
from service.operations.limits import BodySize, max_body_size
from service.serving.atlas import Atlas
from service.serving.work import SMALL_BYTES
from service.settings import Settings
from tests import tiny
from tests.server import serve
from tests.service.answers import assert_problem
from tests.service.open_inference.tensor_requests import INFER, latents_input
from tests.serving import serving

LIMIT = 10_000
PIXELS = (tiny.random_levels(1) / 255).tolist()
SETTINGS = Settings(max_latents=3, max_images=2)


# the limit


@pytest.fixture(scope="module")
def limited(repository: Path) -> Iterator[TestClient]:
    """An app with a small body limit."""
    with serving(repository, max_body_bytes=LIMIT) as client:
        yield client


@pytest.mark.parametrize("path", ["/decode", "/encode", "/encode/pixels", "/nowhere"])
def test_declared_length_over_the_limit_is_refused(limited: TestClient, path: str) -> None:
    response = limited.post(path, content=b"x" * (LIMIT + 1))

    assert response.status_code == 413
    assert response.json()["detail"] == f"the body is larger than {LIMIT} bytes"


@pytest.mark.parametrize(
    ("path", "media_type"),
    [("/decode", "application/json"), ("/encode", "multipart/form-data; boundary=b")],
)
def test_body_without_a_length_is_refused_as_it_grows(
    limited: TestClient, path: str, media_type: str
) -> None:
    chunks = (b"-" * 1000 for _ in range(1000))

    response = limited.post(path, content=chunks, headers={"Content-Type": media_type})

    assert response.status_code == 413
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_body_that_means_nothing_is_not_looked_at(repository: Path, method: str) -> None:
    grid, chunk = "/grid?rows=2&columns=2", b"x" * LIMIT
    environment = os.environ | {"ATLAS_MAX_BODY_BYTES": str(LIMIT)}
    with (
        serve(["-m", "service"], repository, environment=environment) as (address, _),
        httpx.Client(base_url=address) as client,
    ):
        usual = client.request(method, grid)
        at_once = client.request(method, grid, content=100 * chunk)
        in_chunks = client.request(method, grid, content=(chunk for _ in range(100)))

    assert usual.is_success
    for answer in (at_once, in_chunks):
        assert (answer.status_code, answer.content) == (usual.status_code, usual.content)


def test_body_at_the_limit_is_read(limited: TestClient) -> None:
    body = b'{"latents": [[0, 0]]}'.ljust(LIMIT)

    response = limited.post("/decode", content=body, headers={"Content-Type": "application/json"})

    assert response.status_code == 200


def arriving(*messages: Message) -> tuple[Exchange, list[Message]]:
    """A request whose body arrives in these messages, and the messages that are still unread."""
    waiting = list(messages)

    async def receive() -> Message:
        return waiting.pop(0)

    scope = {"type": "http", "method": "POST", "path": "/", "headers": []}
    return Exchange(scope, receive), waiting


def chunk(content: bytes, more: bool = True) -> Message:
    return {"type": "http.request", "body": content, "more_body": more}


def test_body_is_whole_once_its_last_chunk_is_there() -> None:
    exchange, waiting = arriving(
        chunk(b"12345"), chunk(b""), chunk(b"67890", more=False), chunk(b"x")
    )

    assert asyncio.run(read_body(exchange, 10)) == b"1234567890"
    assert len(waiting) == 1


def test_body_over_the_limit_is_not_read_on() -> None:
    exchange, waiting = arriving(chunk(b"123456"), chunk(b"78901"), chunk(b"x" * 100))

    with pytest.raises(BodyTooLarge):
        asyncio.run(read_body(exchange, 10))

    assert len(waiting) == 1


def test_client_that_leaves_within_its_body_has_disconnected() -> None:
    exchange, _ = arriving(chunk(b"12345"), {"type": "http.disconnect"})

    with pytest.raises(Disconnected):
        asyncio.run(read_body(exchange, 10))


# the media type


@pytest.mark.parametrize("path", ["/decode", "/decode/pixels", "/encode/pixels"])
@pytest.mark.parametrize("media_type", ["text/plain", "image/png", "multipart/form-data", ""])
def test_body_of_another_media_type_is_refused(
    client: TestClient, path: str, media_type: str
) -> None:
    response = client.post(path, content=b"{}", headers={"Content-Type": media_type})

    assert_problem(response, 415)


@pytest.mark.parametrize("pack", [gzip.compress, bytes], ids=["compressed", "only said to be"])
def test_compressed_body_is_refused(client: TestClient, pack: Callable[[bytes], bytes]) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}

    response = client.post("/decode", content=pack(b'{"latents": [[0, 0]]}'), headers=headers)

    assert_problem(response, 415)
    assert response.json()["detail"] == "compressed bodies are not read"


@pytest.mark.parametrize("coding", ["identity", "Identity ", "", " ", "identity, identity"])
def test_body_with_no_real_coding_is_read(client: TestClient, coding: str) -> None:
    headers = {"Content-Type": "application/json ; charset=utf-8", "Content-Encoding": coding}

    answer = client.post("/decode", content=b'{"latents": [[0, 0]]}', headers=headers)

    assert answer.status_code == 200


def test_coding_in_a_second_header_is_seen(client: TestClient) -> None:
    headers = [("Content-Encoding", "identity"), ("Content-Encoding", "GZip")]

    answer = client.post("/v2/models/vae/infer", content=b"{}", headers=headers)

    assert answer.status_code == 415


def test_json_sent_to_encode_is_refused(client: TestClient) -> None:
    assert_problem(client.post("/encode", json={"images": PIXELS}), 415)


def test_malformed_bodies_return_400(client: TestClient) -> None:
    multipart = {"Content-Type": "multipart/form-data"}  # no boundary

    assert client.post("/encode", content=b"x", headers=multipart).status_code == 400
    json_type = {"Content-Type": "application/json; charset=utf-8"}
    assert_problem(client.post("/decode", content=b"{", headers=json_type), 400, "/body")


def test_large_json_is_read_off_the_event_loop_just_the_same(client: TestClient) -> None:
    few = client.post("/encode/pixels", json={"images": PIXELS}).json()["latents"]

    many = client.post("/encode/pixels", json={"images": PIXELS * 40}).json()["latents"]

    assert np.array([entry["mean"] for entry in many]) == pytest.approx(
        np.array([few[0]["mean"]] * 40), abs=1e-5
    )


# JSON


def refuse(content: str) -> Invalid:
    with pytest.raises(Invalid) as caught:
        parse_json(DecodeInput, content.encode(), SETTINGS)
    return caught.value


def test_right_body_is_read() -> None:
    body = parse_json(DecodeInput, b'{"latents": [[1, -2.5]], "scale": 2}', SETTINGS)

    assert (body.latents, body.scale, body.columns, body.model) == ([[1, -2.5]], 2, None, None)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b'{"scale": 1} x', b"[" * 100_000])
def test_what_is_not_json_is_malformed(content: bytes) -> None:
    with pytest.raises(Malformed):
        parse_json(DecodeInput, content, SETTINGS)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('{"scale": 1 "columns": 2}', "expected `,` or `}` at line 1 column 13"),
        ('{"latents":\n [[0 0]]}', "expected `,` or `]` at line 2 column 6"),
        ('{"latents": [[0, 0]],}', "trailing comma at line 1 column 22"),
        ("{'latents': 0}", "key must be a string at line 1 column 2"),
        ('{"latents"', "EOF while parsing an object at line 1 column 10"),
        ("secret", "expected value at line 1 column 1"),
    ],
)
def test_reason_and_place_in_json_that_is_wrong_are_told(content: str, reason: str) -> None:
    with pytest.raises(Malformed, match=re.escape(f"the body is not valid JSON: {reason}")):
        parse_json(DecodeInput, content.encode(), SETTINGS)


@given(st.text(alphabet="a0\"'{}[],:.-\\\n\xe9", max_size=30))
def test_reason_never_repeats_what_was_sent(content: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse_json(DecodeInput, f'{{"SECRET{content}SECRET'.encode(), SETTINGS)

    assert "SECRET" not in str(caught.value)
    assert len(str(caught.value)) < 150


def test_byte_order_mark_before_json_is_ignored(client: TestClient) -> None:
    content = codecs.BOM_UTF8 + b'{"latents": [[0, 0]]}'
    large = codecs.BOM_UTF8 + b'{"latents": [[0, 0]]}'.ljust(SMALL_BYTES)
    tensors = codecs.BOM_UTF8 + json.dumps(latents_input()).encode()
    headers = {"Content-Type": "application/json"}

    answers = [
        client.post("/decode", content=content, headers=headers),
        client.post("/decode", content=large, headers=headers),
        client.post(INFER, content=tensors),
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 200]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
def test_json_in_another_unicode_encoding_is_named_as_such(encoding: str) -> None:
    with pytest.raises(Malformed, match="UTF-16 or UTF-32"):
        parse_json(DecodeInput, '{"latents": [[0, 0]]}'.encode(encoding), SETTINGS)


@pytest.mark.parametrize(
    ("content", "pointer"),
    [
        ("[]", "/body"),
        ("null", "/body"),
        ("{}", "/body/latents"),
        ('{"latents": []}', "/body/latents"),
        ('{"latents": [[0, 0], []]}', "/body/latents/1"),
        ('{"latents": [[0, NaN]]}', "/body/latents/0/1"),
        ('{"latents": [[0, Infinity]]}', "/body/latents/0/1"),
        ('{"latents": [[0, 1e400]]}', "/body/latents/0/1"),
        ('{"latents": [[0, 1001]]}', "/body/latents/0/1"),
        ('{"latents": [[0, true]]}', "/body/latents/0/1"),
        ('{"latents": [[0, "1.5"]]}', "/body/latents/0/1"),
        ('{"latents": [[0, 1]], "columns": 0}', "/body/columns"),
        ('{"latents": [[0, 1]], "columns": 1.5}', "/body/columns"),
        ('{"latents": [[0, 1]], "scale": 17}', "/body/scale"),
        ('{"latents": [[0, 1]], "scale": true}', "/body/scale"),
        ('{"latents": [[0, 1]], "colour": 1}', "/body/colour"),
        ('{"latents": [[0,0],[0,0],[0,0],[0,0]]}', "/body/latents"),
    ],
)
def test_wrong_body_is_refused_with_the_place(content: str, pointer: str) -> None:
    assert [fault.pointer for fault in refuse(content).faults] == [pointer]


def test_list_over_the_limit_is_refused_before_its_items_are_read() -> None:
    fault = refuse('{"latents": [1, 2, 3, "four"]}').faults[0]

    assert (fault.pointer, fault.detail) == ("/body/latents", "at most 3 are allowed")


def test_faults_are_few_and_echo_nothing() -> None:
    unknown = ", ".join(f'"field{n}": "secret"' for n in range(1000))

    error = refuse(f'{{"latents": [[0, 0]], {unknown}}}')

    assert len(error.faults) == MAX_FAULTS
    assert "secret" not in str(error.faults)


@pytest.mark.parametrize("value", ["-0.1", "1.1", "NaN", "null", '"0"', "[0]"])
def test_pixels_are_numbers_from_0_to_1(value: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_json(EncodePixelsInput, f'{{"images": [[[0, {value}]]]}}'.encode(), SETTINGS)

    assert caught.value.faults[0].pointer == "/body/images/0/0/1"


LARGEST = BodySize(lists=10, values=100)


@pytest.mark.parametrize("mark", [b"[", b",", b"{", b":"])
def test_body_with_more_in_it_than_any_right_one_is_refused_unparsed(mark: bytes) -> None:
    with pytest.raises(Invalid) as caught:
        check_size(mark * 5000, LARGEST)

    assert caught.value.faults[0].pointer == "/body"


def test_largest_right_body_is_within_the_limits(repository: Path) -> None:
    largest = max_body_size(Settings(), [load_artifact(repository / "vae" / "1").manifest])

    check_size(json.dumps({"images": [[[0.5] * 28] * 28] * 256}).encode(), largest)
    check_size(json.dumps({"latents": [[0.5] * 2] * 4096}).encode(), largest)


@pytest.fixture
def atlas(repository: Path) -> Atlas:
    """A loaded atlas with one place in the executor."""
    settings = Settings(
        model_repository=repository,
        inference_places=1,
        inference_queue=0,
        max_images=1,
        max_latents=3,
    )
    atlas: Atlas = create_app(settings).state.atlas
    atlas.registry.load()
    return atlas


def test_large_bodies_are_read_one_after_the_other(atlas: Atlas) -> None:
    turn = threading.Lock()

    def read() -> bool:
        is_alone = turn.acquire(blocking=False)
        turn.release()
        return is_alone

    async def read_many() -> list[bool]:
        bodies = LargeBodies(atlas.executor)
        return await asyncio.gather(*(bodies.read(read) for _ in range(20)))

    assert asyncio.run(read_many()) == [True] * 20


def test_large_body_is_refused_before_it_is_read_when_places_are_full(atlas: Atlas) -> None:
    async def read_beside_work() -> None:
        gate = threading.Event()
        working = asyncio.ensure_future(atlas.executor.run(gate.wait))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await LargeBodies(atlas.executor).read(pytest.fail)
        gate.set()
        await working

    asyncio.run(read_beside_work())


def test_body_of_too_many_values_is_refused_before_it_is_parsed(atlas: Atlas) -> None:
    content = b"[" + b"," * SMALL_BYTES + b" not JSON"

    with pytest.raises(Invalid, match="more than the documented limits"):
        read_json(DecodeInput, content, atlas)
