"""The form of /encode: read whole, or refused early with a pointer to each fault."""

from contextlib import suppress

import httpx
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from service.errors import Invalid, Malformed, RequestError
from service.http.forms import MAX_TEXT_BYTES, parse_form
from tests import tiny
from tests.service.answers import assert_problem

CONTENT_TYPE = "multipart/form-data; boundary=b"


PICTURE = tiny.picture_bytes(tiny.random_levels(1)[0])


def part(disposition: str, content: bytes = b"x") -> bytes:
    return b"--b\r\nContent-Disposition: " + disposition.encode() + b"\r\n\r\n" + content + b"\r\n"


FILE = part('form-data; name="images"; filename="a.png"', PICTURE)


END = b"--b--\r\n"


def post(client: TestClient, body: bytes) -> tuple[int, str]:
    """Returns the status and the first fault's pointer."""
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
        ((FILE + END).replace(b"--b", b"--c"), (400, "/form")),
        (FILE.replace(b"--b", b"--c") + END, (422, "/form/images")),
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


@pytest.mark.parametrize(
    "disposition",
    [
        "form-data; name=\"images\"; filename*=utf-8''%E6%97%A5.png",
        "form-data; filename*=utf-8''a.png; name=\"images\"",
        'form-data; name="images"; filename*0="a"; filename*1=".png"',
        "form-data; name=images; FileName*0*=utf-8''a",
        'form-data;name="images";filename="a"',
        "form-data; name=images; filename=a.png",
        'FORM-DATA; Name="images"; FileName="a"; size=9',
        'form-data; name="images"; filename="a\\".png"',
        'form-data; name="images"; filename="C:\\a\\"',
        'form-data; name="images"; filename="a%22;b.png" ',
        '\tform-data;\r\n name="images";\r\n\tfilename="a"',
    ],
)
def test_file_is_named_in_every_way_that_clients_know(disposition: str) -> None:
    form = parse_form(CONTENT_TYPE, part(disposition) + END, max_files=1)

    assert form == {"images": [b"x"]}


HEADERS = b"Content-Type: image/png\r\nContent-Transfer-Encoding: binary\r\nX-Id: 1\r\n"


@pytest.mark.parametrize(
    "body",
    [
        b"A form.\r\n" + FILE + END,
        b"\r\n" + FILE + END,
        b"\n" + FILE + END,
        b"--bb\r\n" + FILE + END,
        FILE + END + b"The end.\r\n--b\r\n",
        FILE + b"--b--",
        FILE.replace(b"--b", b"--b \t") + b"--b-- \r\n",
        FILE.replace(b"Content-D", HEADERS + b"Content-D") + END,
        FILE.replace(b"\r\n\r\n", b"\r\n" + HEADERS + b"\r\n") + END,
    ],
)
def test_form_is_read_as_mime_allows_it_to_be_written(body: bytes) -> None:
    assert parse_form(CONTENT_TYPE, body, max_files=1) == {"images": [PICTURE]}


@pytest.mark.parametrize(
    "media_type", ['Multipart/Form-Data; boundary="b"', "multipart/form-data;charset=x; Boundary=b"]
)
def test_boundary_is_read_as_mime_allows_it_to_be_written(media_type: str) -> None:
    assert parse_form(media_type, FILE + END, max_files=1) == {"images": [PICTURE]}


def test_name_that_is_no_text_is_refused_in_valid_json(client: TestClient) -> None:
    body = (FILE + part('form-data; name="N"') + END).replace(b'"N"', b'"\xff\xfe"')

    assert post(client, body) == (422, "/form/\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}")


@pytest.mark.parametrize(
    "media_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        CONTENT_TYPE + ";a=b" * 300,  # parsing it takes long
    ],
)
def test_form_without_a_boundary_is_malformed(client: TestClient, media_type: str) -> None:
    response = client.post("/encode", content=FILE + END, headers={"Content-Type": media_type})

    assert_problem(response, 400)


@pytest.mark.parametrize(
    "media_type", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/mixed"]
)
def test_form_of_another_media_type_is_unsupported(client: TestClient, media_type: str) -> None:
    response = client.post("/encode", content=FILE + END, headers={"Content-Type": media_type})

    assert_problem(response, 415)


LONG = part('form-data; name="model"').removesuffix(b"x\r\n")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (FILE * 3, Invalid),
        (LONG + b"x" * (MAX_TEXT_BYTES + 1) + b"\r\n" + END, Invalid),
        (FILE + part('form-data; name="colour"', b"x" * 10**6), Invalid),
        (FILE + b"--b\r\nX: " + b"y" * 10**6, Malformed),
        (FILE + b"--b\r\n" + b"X: y\r\n" * 9 + b"\r\n", Malformed),
    ],
)
def test_form_is_refused_at_its_first_fault(body: bytes, error: type[RequestError]) -> None:
    with pytest.raises(error):
        parse_form(CONTENT_TYPE, body, max_files=2)


@given(
    st.lists(st.binary(max_size=40) | st.just(b"\r\n--b\r\n\r\n"), min_size=1, max_size=3),
    st.dictionaries(st.sampled_from(["model", "polarity"]), st.text(max_size=9)),
)
def test_form_is_read_as_it_was_written(files: list[bytes], texts: dict[str, str]) -> None:
    request = httpx.Request("POST", "http://a", files=tiny.uploads(files), data=texts)

    form = parse_form(request.headers["content-type"], request.read(), max_files=3)

    assert form == {**texts, "images": files}


SNIPPETS = st.sampled_from(
    [FILE, END, b"--b", b"\r\n", b"--", b"\n", b'; name="model"', b"\xff", b"--b\r\n", b" ", b""]
    + [part(f'form-data; name="{name}"') for name in ("model", "images", "other", "")]
    + [part('form-data; name="images"; filename="a\\".png"'), part("form-data")]
)


@given(st.lists(SNIPPETS, max_size=6))
def test_whatever_is_sent_as_a_form_is_read_or_refused(snippets: list[bytes]) -> None:
    content = b"".join(snippets)

    with suppress(RequestError):
        form = parse_form(CONTENT_TYPE, content, max_files=3)
        assert form.keys() <= {"images", "model", "polarity"}
