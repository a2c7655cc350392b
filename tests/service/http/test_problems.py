import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from service.http.problems import install_handlers


def test_unknown_path_and_method_answer_with_a_problem(client: TestClient) -> None:
    unknown, wrong = client.get("/nowhere"), client.delete("/grid")

    assert (unknown.status_code, unknown.json()["title"]) == (404, "Not Found")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, HEAD")
    for response in (unknown, wrong):
        assert response.headers["content-type"] == "application/problem+json"


def test_input_is_never_echoed(client: TestClient) -> None:
    for response in (
        client.get("/grid?rows=s3cret"),
        client.get("/grid?model=s3cret"),
        client.post("/decode", json={"latents": [["s3cret"]], "model": 5}),
    ):
        assert "s3cret" not in response.text


def test_unexpected_error_answers_with_a_problem_that_tells_nothing() -> None:
    app = FastAPI()
    install_handlers(app, retry_after_seconds=1)

    @app.get("/")
    def fail() -> None:
        raise RuntimeError("inner workings")

    response = TestClient(app, raise_server_exceptions=False).get("/")

    assert (response.status_code, response.json()["status"]) == (500, 500)
    assert "inner workings" not in response.text


@pytest.mark.parametrize("path", ["/models/%00", "/models/%ff", "/models/..%2f..%2fetc"])
def test_odd_paths_are_not_found(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404
