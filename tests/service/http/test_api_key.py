from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from openapi_spec_validator import validate
from pydantic import SecretStr

from service.app import create_app
from service.settings import Settings
from tests.service.conftest import wait_until_loaded


@pytest.fixture(scope="module")
def guarded(repository: Path) -> Iterator[TestClient]:
    """An app with a key."""
    settings = Settings(model_repository=repository, api_key=SecretStr("k3y"))
    with TestClient(create_app(settings)) as client:
        wait_until_loaded(client)
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


def test_request_with_the_key_is_answered(guarded: TestClient) -> None:
    assert guarded.get("/grid?rows=1", headers={"X-API-Key": "k3y"}).status_code == 200


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


@pytest.mark.parametrize("key", [None, SecretStr("")])
def test_without_a_setting_no_key_is_asked_for(repository: Path, key: SecretStr | None) -> None:
    client = TestClient(create_app(Settings(model_repository=repository, api_key=key)))

    assert client.get("/models").status_code == 200
    assert client.get("/openapi.json").json()["security"] == []
