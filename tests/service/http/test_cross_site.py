"""What pages of other origins may have a browser send."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests import tiny
from tests.service.answers import assert_problem
from tests.service.open_inference.tensor_requests import INFER, latents_input
from tests.serving import serving

HERE = {"Host": "localhost:8000"}
OTHER = "https://other.example"
PARTNER = "https://partner.example"
POINT = {"latents": [[0, 0]]}
PICTURE = tiny.picture_bytes(tiny.random_levels(1)[0])


def post(client: TestClient, headers: dict[str, str]) -> int:
    answer = client.post("/decode", json=POINT, headers={**HERE, **headers})
    if answer.status_code == 403:
        assert_problem(answer, 403)
        assert answer.headers["x-request-id"]
    return int(answer.status_code)


OWN = {
    "not a browser": {},
    "the own page": {"Origin": "http://localhost:8000", "Sec-Fetch-Site": "same-origin"},
    "the own page in an old browser": {"Origin": "http://localhost:8000"},
    "typed by the visitor": {"Sec-Fetch-Site": "none"},
    "the own page behind a proxy that changes Host": {
        "Origin": "https://atlas.example",
        "Sec-Fetch-Site": "same-origin",
    },
    "a page that CORS allows": {"Origin": PARTNER, "Sec-Fetch-Site": "cross-site"},
    "a page that CORS allows, in an old browser": {"Origin": PARTNER},
}
FOREIGN = {
    "another site": {"Origin": OTHER, "Sec-Fetch-Site": "cross-site"},
    "another site in an old browser": {"Origin": OTHER},
    "another port": {"Origin": "http://localhost:3000", "Sec-Fetch-Site": "same-site"},
    "another port in an old browser": {"Origin": "http://localhost:3000"},
    "a sandbox or a file": {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
    "a sandbox in an old browser": {"Origin": "null"},
    "another site that hides its origin": {"Sec-Fetch-Site": "cross-site"},
    "an empty origin": {"Origin": ""},
}


@pytest.fixture(scope="module")
def shared(repository: Path) -> Iterator[TestClient]:
    """A client of an app that one other origin may call."""
    with serving(repository, cors_origins=(PARTNER,)) as client:
        yield client


@pytest.mark.parametrize("headers", OWN.values(), ids=OWN)
def test_own_and_allowed_pages_may_send(shared: TestClient, headers: dict[str, str]) -> None:
    assert post(shared, headers) == 200


@pytest.mark.parametrize("headers", FOREIGN.values(), ids=FOREIGN)
def test_other_pages_may_not_send_to_the_visitors_machine(
    shared: TestClient, headers: dict[str, str]
) -> None:
    assert post(shared, headers) == 403


@pytest.mark.parametrize("media_type", [None, "image/png", "application/octet-stream"])
def test_other_pages_may_not_send_files_to_the_visitors_machine(
    shared: TestClient, media_type: str | None
) -> None:
    # Bytes without a media type are sent anywhere, unasked: no preflight comes before them.
    headers = {**HERE, **({} if media_type is None else {"Content-Type": media_type})}

    foreign = shared.post("/encode/picture", content=PICTURE, headers={**headers, "Origin": OTHER})
    allowed = shared.post(
        "/encode/picture", content=PICTURE, headers={**headers, "Origin": PARTNER}
    )

    assert_problem(foreign, 403)
    assert allowed.status_code == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2:80", "[::1]", "0.0.0.0:1", "a.localhost"])
def test_every_name_of_the_visitors_machine_counts(client: TestClient, host: str) -> None:
    assert post(client, {"Host": host, "Origin": OTHER}) == 403


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_pictures_may_be_shown_on_every_page(client: TestClient, method: str) -> None:
    headers = {**HERE, "Origin": OTHER, "Sec-Fetch-Site": "cross-site"}

    assert client.request(method, "/grid?rows=1", headers=headers).status_code in (200, 405)


def test_page_at_the_public_address_may_send_without_telling_its_site(repository: Path) -> None:
    with serving(repository, public_url="http://Atlas.example/map/") as client:
        assert post(client, {"Origin": "http://atlas.example"}) == 200
        assert post(client, {"Origin": OTHER}) == 403


def test_key_or_another_host_makes_the_origin_irrelevant(
    client: TestClient, repository: Path
) -> None:
    foreign = {"Origin": OTHER, "Sec-Fetch-Site": "cross-site"}

    assert post(client, {**foreign, "Host": "atlas.example"}) == 200
    with serving(repository, api_key="k3y") as guarded:
        assert post(guarded, foreign) == 401
        assert post(guarded, {**foreign, "X-API-Key": "k3y"}) == 200


def test_all_origins_may_send_if_cors_allows_all(repository: Path) -> None:
    with serving(repository, cors_origins=("*",)) as client:
        assert post(client, {"Origin": OTHER, "Sec-Fetch-Site": "cross-site"}) == 200


def test_other_page_is_refused_in_the_format_of_v2(client: TestClient) -> None:
    headers = {**HERE, "Origin": OTHER}

    answer = client.post(INFER, json=latents_input(), headers=headers)

    assert (answer.status_code, list(answer.json())) == (403, ["error"])
