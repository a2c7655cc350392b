"""Query parameters."""

import pytest
from fastapi.testclient import TestClient

from service.errors import MAX_FAULTS
from tests.service.answers import assert_problem


def test_unknown_query_parameter_is_refused_everywhere(client: TestClient) -> None:
    for path in ("/models", "/models/vae", "/livez", "/readyz"):
        assert_problem(client.get(f"{path}?debug=1"), 422, "/query/debug")
    assert_problem(client.post("/decode?a=1", json={"latents": [[0, 0]]}), 422, "/query/a")


@pytest.mark.parametrize("query", ["a&" * 30_000, "&".join(f"a{n}=1" for n in range(7_000))])
@pytest.mark.parametrize("path", ["/livez", "/grid", "/tiles/vae.json"])
def test_query_of_many_parameters_is_refused_unparsed(
    client: TestClient, path: str, query: str
) -> None:
    answer = client.get(f"{path}?{query}")

    assert_problem(answer, 422, "/query")
    assert len(answer.content) < 1000


def test_answer_names_no_more_than_so_many_faults(client: TestClient) -> None:
    answer = client.get("/livez?" + "&".join(f"a{n}=1" for n in range(60)))

    assert_problem(answer, 422, *(f"/query/a{n}" for n in range(MAX_FAULTS)))
