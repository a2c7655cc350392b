import logging
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from service.app import create_app
from service.http.access_log import AccessRecorder, Observation
from service.serving.inference import Executor
from service.serving.lifecycle import Lifecycle
from service.serving.metrics import Metrics
from service.serving.registry import Registry
from service.settings import Settings


def access(caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    """The fields of the access log's records."""
    return [vars(r)["fields"] for r in caplog.records if r.name == "service.access"]


@pytest.mark.parametrize(
    "path", ["/livez", "/grid?rows=1", "/nowhere", "/grid?rows=x", "/models/a"]
)
def test_every_answer_carries_an_id_and_safe_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers

    assert len(headers["x-request-id"]) == 32
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("default-src 'none'")


@pytest.mark.parametrize("given", ["a-B_1.2:/=", "a" * 64])
def test_sane_id_of_the_client_is_kept(client: TestClient, given: str) -> None:
    answer = client.get("/livez", headers={"X-Request-ID": given})

    assert answer.headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "a" * 65, "a b", 'a"b', "a\tb", "\xe9"])
def test_other_ids_are_replaced(client: TestClient, given: str) -> None:
    answer = client.get("/livez", headers={"X-Request-ID": given.encode("latin-1")})

    assert answer.headers["x-request-id"] != given
    assert len(answer.headers["x-request-id"]) == 32


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
    client = TestClient(create_app(Settings(model_repository=repository, max_body_bytes=1)))

    with caplog.at_level(logging.INFO, "service.access"):
        client.post("/decode", json={})

    assert (access(caplog)[0]["route"], access(caplog)[0]["status"]) == ("/decode", 413)


def test_unexpected_error_is_logged_and_answered_with_the_same_id(
    repository: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lifecycle = Lifecycle(Registry(repository, "vae"), Executor(1, 0))
    app = FastAPI()
    app.add_middleware(Observation, recorder=AccessRecorder(Metrics()), lifecycle=lifecycle)

    @app.get("/")
    def fail() -> None:
        raise RuntimeError("inner workings")

    answer = TestClient(app).get("/")

    assert (answer.status_code, answer.json()["status"]) == (500, 500)
    assert "inner workings" not in answer.text
    assert answer.headers["x-request-id"] == vars(caplog.records[0])["fields"]["request_id"]
    assert "inner workings" in caplog.text
