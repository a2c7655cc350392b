from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.http.problems import STATUS_OF, Refusal, problem_of
from service.settings import Settings


def test_unknown_path_and_method_answer_with_a_problem(client: TestClient) -> None:
    unknown, wrong = client.get("/nowhere"), client.delete("/grid")

    assert (unknown.status_code, unknown.json()["title"]) == (404, "Not Found")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, HEAD")
    for response in (unknown, wrong):
        assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/grid", "GET, HEAD"),
        ("POST", "/openapi.json", "GET, HEAD"),
        ("OPTIONS", "/models/vae", "GET, HEAD"),
        ("GET", "/decode", "POST"),
        ("HEAD", "/encode", "POST"),
    ],
)
def test_method_that_is_not_there_names_those_that_are(
    client: TestClient, method: str, path: str, allowed: str
) -> None:
    response = client.request(method, path)

    assert (response.status_code, response.headers["allow"]) == (405, allowed)


def test_titles_are_the_same_on_every_version_of_python() -> None:
    titles = {int(it): problem_of(Refusal(it, "")).title for it in STATUS_OF.values()}

    assert titles == {
        400: "Bad Request",
        401: "Unauthorized",
        403: "Forbidden",
        404: "Not Found",
        413: "Request Entity Too Large",
        415: "Unsupported Media Type",
        421: "Misdirected Request",
        422: "Unprocessable Entity",
        503: "Service Unavailable",
    }


def test_input_is_never_echoed(client: TestClient) -> None:
    for response in (
        client.get("/grid?rows=s3cret"),
        client.get("/grid?model=s3cret"),
        client.post("/decode", json={"latents": [["s3cret"]], "model": 5}),
    ):
        assert "s3cret" not in response.text


def test_unexpected_error_answers_with_a_problem_that_tells_nothing(repository: Path) -> None:
    app = create_app(Settings(model_repository=repository))

    @app.get("/fail")
    def fail() -> None:
        raise RuntimeError("inner workings")

    response = TestClient(app).get("/fail")

    assert (response.status_code, response.json()["status"]) == (500, 500)
    assert "inner workings" not in response.text


@pytest.mark.parametrize("path", ["/models/%00", "/models/%ff", "/models/..%2f..%2fetc"])
def test_odd_paths_are_not_found(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404
