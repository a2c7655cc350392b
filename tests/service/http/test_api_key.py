from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from openapi_spec_validator import validate

from tests.serving import serving


@pytest.fixture(scope="module")
def guarded(repository: Path) -> Iterator[TestClient]:
    """An app with a key."""
    with serving(repository, api_key="k3y") as client:
        yield client


@pytest.mark.parametrize("path", ["/grid?rows=1", "/models", "/metrics", "/nowhere"])
@pytest.mark.parametrize("headers", [{}, {"X-API-Key": "wrong"}, {"X-API-Key": ""}])
def test_request_without_the_key_is_refused(
    guarded: TestClient, path: str, headers: dict[str, str]
) -> None:
    answer = guarded.get(path, headers=headers)

    assert (answer.status_code, answer.json()["status"]) == (401, 401)
    assert answer.headers["content-type"] == "application/problem+json"
    assert "X-API-Key" in answer.headers["www-authenticate"]
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("headers", "status"), [({}, 401), ({"X-API-Key": "other"}, 401), ({"X-API-Key": "k3y"}, 200)]
)
def test_key_is_asked_for_before_a_body_is_read(
    guarded: TestClient, headers: dict[str, str], status: int
) -> None:
    answer = guarded.post("/decode", json={"latents": [[0, 0]]}, headers=headers)

    assert answer.status_code == status


def test_key_given_twice_is_refused(guarded: TestClient) -> None:
    headers = [("X-API-Key", "k3y"), ("X-API-Key", "k3y")]

    assert guarded.get("/models", headers=headers).status_code == 401


def test_request_with_the_key_is_answered(guarded: TestClient) -> None:
    assert guarded.get("/grid?rows=1", headers={"X-API-Key": "k3y"}).status_code == 200


@pytest.mark.parametrize("given", ["k3y ", "\tk3y", " k3y \t"])
def test_blanks_around_the_key_do_not_count(guarded: TestClient, given: str) -> None:
    assert guarded.get("/models", headers={"X-API-Key": given}).status_code == 200


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/openapi.json"])
def test_health_and_the_document_need_no_key(guarded: TestClient, path: str) -> None:
    assert guarded.get(path).status_code == 200


def test_key_is_documented_where_it_is_asked_for(guarded: TestClient) -> None:
    document = guarded.get("/openapi.json").json()

    validate(document)
    assert document["security"] == [{"ApiKey": []}]
    assert document["components"]["securitySchemes"]["ApiKey"]["name"] == "X-API-Key"
    assert "401" in document["paths"]["/grid"]["get"]["responses"]
    assert document["paths"]["/livez"]["get"]["security"] == []
    assert "401" not in document["paths"]["/livez"]["get"]["responses"]


@pytest.mark.parametrize("key", [None, ""])
def test_without_a_setting_no_key_is_asked_for(repository: Path, key: str | None) -> None:
    with serving(repository, api_key=key) as client:
        assert client.get("/models").status_code == 200
        assert client.get("/openapi.json").json()["security"] == []
