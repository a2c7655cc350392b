"""HEAD is GET without the body, on every path that has a GET."""

import pytest
from fastapi.testclient import TestClient

PATHS = ["/grid?rows=2", "/grid?rows=0", "/models", "/models/vae", "/models/nope", "/nowhere"]
PATHS += ["/livez", "/readyz", "/openapi.json"]


@pytest.mark.parametrize("path", PATHS)
def test_head_has_the_status_and_headers_of_get_and_no_body(client: TestClient, path: str) -> None:
    same = {"X-Request-ID": "one"}  # otherwise each answer has its own
    head, get = client.head(path, headers=same), client.get(path, headers=same)

    assert (head.status_code, head.content) == (get.status_code, b"")
    assert head.headers == get.headers
    assert int(head.headers["content-length"]) == len(get.content)


def test_head_is_conditional_too(client: TestClient) -> None:
    tag = client.head("/grid?rows=1").headers["etag"]

    assert client.head("/grid?rows=1", headers={"If-None-Match": tag}).status_code == 304


def test_head_is_no_operation_of_the_document(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]

    assert not any("head" in path for path in paths.values())


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
