"""Query parameters."""

from fastapi.testclient import TestClient

from tests.service.answers import assert_problem


def test_unknown_query_parameter_is_refused_everywhere(client: TestClient) -> None:
    for path in ("/models", "/models/vae", "/livez", "/readyz"):
        assert_problem(client.get(f"{path}?debug=1"), 422, "/query/debug")
    assert_problem(client.post("/decode?a=1", json={"latents": [[0, 0]]}), 422, "/query/a")
