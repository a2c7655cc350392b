import logging
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.serving import serving


def access(caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    """The fields of the access log's records."""
    return [vars(r)["fields"] for r in caplog.records if r.name == "service.access"]


def test_request_is_logged_in_one_line(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "service.access"):
        answer = client.get("/grid?rows=1&model=ae", headers={"X-Request-ID": "mine"})

    (fields,) = access(caplog)
    assert float(str(fields.pop("duration_ms"))) > 0
    assert fields == {
        "request_id": "mine",
        "method": "GET",
        "route": "/grid",
        "path": "/grid",
        "status": 200,
        "bytes": len(answer.content),
        "model": "ae",
        "version": 1,
    }


def test_neither_query_nor_payload_is_logged(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        client.get("/grid?model=s3cret")
        client.post("/decode", json={"model": "s3cret", "latents": [[0, 0]]})

    ours = [vars(record) for record in caplog.records if record.name.startswith("service")]
    assert len(ours) == 2
    assert "s3cret" not in str(ours)


@pytest.mark.parametrize(
    ("method", "path", "route"),
    [
        ("GET", "/models/anything", "/models/{name}"),
        ("DELETE", "/grid", "/grid"),
        ("GET", "/openapi.json", "/openapi.json"),
        ("GET", "/made/up", "unmatched"),
    ],
)
def test_route_is_named_by_its_template(
    client: TestClient, caplog: pytest.LogCaptureFixture, method: str, path: str, route: str
) -> None:
    with caplog.at_level(logging.INFO, "service.access"):
        client.request(method, path)

    assert access(caplog)[0]["route"] == route


def test_request_refused_before_its_route_is_named_by_it_too(
    repository: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        serving(repository, max_body_bytes=1) as client,
        caplog.at_level(logging.INFO, "service.access"),
    ):
        client.post("/decode", json={})

    assert (access(caplog)[0]["route"], access(caplog)[0]["status"]) == ("/decode", 413)
