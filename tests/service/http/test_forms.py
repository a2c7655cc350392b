"""The form of /encode: whole or refused, each fault with its place, before it is held."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from service.errors import Invalid, Malformed, RequestError
from service.http.forms import MAX_TEXT_BYTES, parse_plain_form, read_form
from tests import tiny
from tests.service.api.test_latent import assert_problem

CONTENT_TYPE = "multipart/form-data; boundary=b"
PICTURE = tiny.picture_bytes(tiny.random_levels(1)[0])


def part(disposition: str, content: bytes = b"x") -> bytes:
    return b"--b\r\nContent-Disposition: " + disposition.encode() + b"\r\n\r\n" + content + b"\r\n"


FILE = part('form-data; name="images"; filename="a.png"', PICTURE)
END = b"--b--\r\n"


def post(client: TestClient, body: bytes) -> tuple[int, str]:
    """Status and first place of a fault."""
    response = client.post("/encode", content=body, headers={"Content-Type": CONTENT_TYPE})
    if response.status_code == 200:
        return 200, ""
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, response.json()["errors"][0]["pointer"]


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (FILE + END, (200, "")),
        (FILE + part('form-data; name="model"', b"ae") + END, (200, "")),
        (FILE, (400, "/form")),
        (FILE[:-30], (400, "/form")),
        (b"", (400, "/form")),
        (END, (422, "/form/images")),
        (b"\0" * 100, (400, "/form")),
        (FILE.replace(b"--b", b"--c") + END, (400, "/form")),
        (FILE + part('form-data; name="images"', PICTURE) + END, (422, "/form/images/1")),
        (part('form-data; name="images"', b"text") + END, (422, "/form/images/0")),
        (part('form-data; name="images"; filename=""', b"") + END, (422, "/form/images/0")),
        (part('form-data; name="images"; filename=""', PICTURE) + END, (200, "")),
        (FILE + part('form-data; name="images"; filename="b"', b"") + END, (422, "/form/images/1")),
        (FILE * 257 + END, (422, "/form/images")),
        (FILE + part('form-data; name="model"; filename="m"', b"ae") + END, (422, "/form/model")),
        (FILE + part('form-data; name="model"', b"ae") * 2 + END, (422, "/form/model")),
        (FILE + part('form-data; name="polarity"', b"AUTO") + END, (422, "/form/polarity")),
        (FILE + part('form-data; name="polarity"', b"\xff") + END, (422, "/form/polarity")),
        (FILE + part('form-data; name="colour"') + END, (422, "/form/colour")),
        (FILE + part('form-data; name=""') + END, (422, "/form/")),
        (FILE + part("form-data") + END, (400, "/form")),
        (FILE + part("attachment; filename=x") + END, (400, "/form")),
        (part(f'form-data; name="images"; filename="{"n" * 4000}"', PICTURE) + END, (200, "")),
        (part(f'form-data; name="images"; filename="{"n" * 9000}"', PICTURE) + END, (400, "/form")),
        (part('form-data; name="images"; filename="日本\U0001f600.png"', PICTURE) + END, (200, "")),
        (part('form-data; name="images"; filename="../../etc/x"', PICTURE) + END, (200, "")),
        (FILE.replace(b"a.png", b"\xff\xfe\0.png") + END, (200, "")),
        (FILE.replace(b"a.png", b"\xe9\xff.png") + END, (200, "")),
        (FILE + part(f'form-data; name="{"f" * 500}"') + END, (422, f"/form/{'f' * 64}")),
    ],
)
def test_form_is_read_whole_or_refused_with_the_place(
    client: TestClient, body: bytes, answer: tuple[int, str]
) -> None:
    assert post(client, body) == answer


def test_name_that_is_no_text_is_refused_in_valid_json(client: TestClient) -> None:
    body = (FILE + part('form-data; name="N"') + END).replace(b'"N"', b'"\xff\xfe"')

    assert post(client, body) == (422, "/form/\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}")


@pytest.mark.parametrize("media_type", ["multipart/form-data", "multipart/form-data; boundary="])
def test_form_without_a_boundary_is_malformed(client: TestClient, media_type: str) -> None:
    response = client.post("/encode", content=FILE + END, headers={"Content-Type": media_type})

    assert_problem(response, 400)


@pytest.mark.parametrize(
    "media_type", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/mixed"]
)
def test_form_of_another_media_type_is_unsupported(client: TestClient, media_type: str) -> None:
    response = client.post("/encode", content=FILE + END, headers={"Content-Type": media_type})

    assert_problem(response, 415)


async def refuse(chunks: list[bytes], max_files: int = 2) -> tuple[type[RequestError], int]:
    """The error of a form and how many of its chunks were taken before it was raised."""
    taken = 0

    async def stream() -> AsyncIterator[bytes]:
        nonlocal taken
        for chunk in chunks:
            taken += 1
            yield chunk

    try:
        await read_form(CONTENT_TYPE, stream(), max_files)
    except RequestError as exc:
        return type(exc), taken
    raise AssertionError("it was read")


LONG = part('form-data; name="model"').removesuffix(b"x\r\n")


@pytest.mark.parametrize(
    ("chunks", "error"),
    [
        ([FILE, FILE, FILE, END], Invalid),
        ([LONG, b"x" * MAX_TEXT_BYTES, b"x", END], Invalid),
        ([FILE, FILE, part('form-data; name="colour"'), b"x" * 10**6], Invalid),
        ([FILE, FILE, b"--b\r\nX: " + b"y" * 5000, b"y" * 10**6], Malformed),
    ],
)
def test_form_is_refused_at_its_first_fault(chunks: list[bytes], error: type[RequestError]) -> None:
    assert asyncio.run(refuse(chunks)) == (error, 3)


def read_whole(content_type: str, content: bytes) -> dict[str, object] | None:
    """What the parser makes of a form, None if it refuses it."""

    async def chunks() -> AsyncIterator[bytes]:
        yield content

    try:
        return asyncio.run(read_form(content_type, chunks(), 3))
    except RequestError:
        return None


@given(
    st.lists(st.binary(max_size=40) | st.just(b"\r\n--b\r\n\r\n"), min_size=1, max_size=3),
    st.dictionaries(st.sampled_from(["model", "polarity"]), st.text(max_size=9)),
)
def test_plain_form_is_read_as_the_parser_reads_it(
    files: list[bytes], texts: dict[str, str]
) -> None:
    uploads = tiny.uploads(files)
    request = httpx.Request("POST", "http://a", files=uploads, data=texts)
    content_type, content = request.headers["content-type"], request.read()

    plain = parse_plain_form(content_type.encode(), content, 3)

    assert plain == {**texts, "images": files} == read_whole(content_type, content)


SNIPPETS = st.sampled_from(
    [FILE, END, b"--b", b"\r\n", b"--", b"\n", b'; name="model"', b"\xff", b"--b\r\n", b" ", b""]
    + [part(f'form-data; name="{name}"') for name in ("model", "images", "other", "")]
    + [part('form-data; name="images"; filename="a\\".png"'), part("form-data")]
)


@given(st.lists(SNIPPETS, max_size=6))
def test_whatever_is_not_a_plain_form_is_left_to_the_parser(snippets: list[bytes]) -> None:
    content = b"".join(snippets)

    try:
        plain = parse_plain_form(CONTENT_TYPE.encode(), content, 3)
    except UnicodeDecodeError:
        plain = None

    assert plain is None or plain == read_whole(CONTENT_TYPE, content)
