from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.serving import serving

ORIGIN = "https://atlas.example"


@pytest.fixture(scope="module")
def shared(repository: Path) -> Iterator[TestClient]:
    """A client of an app with a key that pages of one other origin may call."""
    with serving(repository, cors_origins=(ORIGIN,), api_key="k3y") as client:
        yield client


def preflight(client: TestClient, origin: str, method: str = "POST") -> dict[str, str]:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "content-type, x-api-key",
    }
    answer = client.options("/decode", headers=headers)
    return {**answer.headers, "status": str(answer.status_code)}


def test_preflight_of_a_known_origin_is_allowed_without_a_key(shared: TestClient) -> None:
    headers = preflight(shared, ORIGIN)

    assert (headers["status"], headers["access-control-allow-origin"]) == ("200", ORIGIN)


@pytest.mark.parametrize(
    ("origin", "method"), [("https://other.example", "POST"), (ORIGIN, "DELETE")]
)
def test_other_preflights_are_problems(shared: TestClient, origin: str, method: str) -> None:
    headers = preflight(shared, origin, method)

    assert headers["status"] == "400"
    assert headers["vary"] == "Origin"
    assert headers["content-type"] == "application/problem+json"


def test_answers_may_be_read_by_the_origin_with_their_headers(shared: TestClient) -> None:
    headers = shared.get("/models", headers={"Origin": ORIGIN, "X-API-Key": "k3y"}).headers

    assert headers["access-control-allow-origin"] == ORIGIN
    assert "Atlas-Model-Version" in headers["access-control-expose-headers"]


def test_answers_that_are_kept_vary_by_origin_each_time(repository: Path) -> None:
    with serving(repository, cors_origins=(ORIGIN,)) as client:
        drawn, kept = (client.get("/grid?rows=1") for _ in range(2))
        held = {"If-None-Match": kept.headers["etag"]}
        current = client.get("/grid?rows=1", headers=held)
        shared = client.get("/grid?rows=1", headers={"Origin": ORIGIN, **held})

    answers = [drawn, kept, current, shared]
    assert [answer.status_code for answer in answers] == [200, 200, 304, 304]
    assert [answer.headers["vary"] for answer in answers] == ["Origin"] * 4
    assert shared.headers["access-control-allow-origin"] == ORIGIN


def test_no_origin_is_allowed_unless_set(client: TestClient) -> None:
    answer = client.get("/livez", headers={"Origin": ORIGIN})

    assert "access-control-allow-origin" not in answer.headers
    assert preflight(client, ORIGIN)["status"] == "405"
