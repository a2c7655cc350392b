"""Conditional requests (RFC 9110)."""

import pytest
from fastapi.testclient import TestClient


def test_grid_is_cacheable(client: TestClient) -> None:
    first = client.get("/grid?rows=2&columns=2")

    again = client.get("/grid?rows=2&columns=2", headers={"If-None-Match": first.headers["etag"]})

    assert first.headers["cache-control"] == "public, no-cache"
    assert not first.headers["etag"].startswith("W/")
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]


@pytest.mark.parametrize(
    ("header", "status"), [("*", 304), ('"a", W/{tag}, "b"', 304), ('"other"', 200), ("x", 200)]
)
def test_if_none_match_is_read_as_rfc_9110_says(
    client: TestClient, header: str, status: int
) -> None:
    tag = client.get("/grid?rows=1").headers["etag"]

    answer = client.get("/grid?rows=1", headers={"If-None-Match": header.format(tag=tag)})

    assert answer.status_code == status


def test_tags_in_several_headers_are_all_read(client: TestClient) -> None:
    tag = client.get("/grid?rows=1").headers["etag"]
    headers = [("If-None-Match", '"a"'), ("If-None-Match", f" {tag} ")]

    assert client.get("/grid?rows=1", headers=headers).status_code == 304


def test_etag_differs_by_model_and_query(client: TestClient) -> None:
    queries = ["", "model=ae", "rows=20", "x_min=-3", "spacing=quantile", "scale=2"]

    tags = {client.get(f"/grid?{query}").headers["etag"] for query in queries}

    assert len(tags) == len(queries)
    assert client.get("/grid?model=vae&rows=21").headers["etag"] in tags


def test_tile_is_cacheable_and_answers_head(client: TestClient) -> None:
    path = "/tiles/vae/9/255/255.png"
    first = client.get(path)

    again = client.get(path, headers={"If-None-Match": first.headers["etag"]})
    head = client.head(path)

    assert first.headers["cache-control"] == "public, no-cache"
    assert (again.status_code, again.content, head.content) == (304, b"", b"")
    assert again.headers["etag"] == head.headers["etag"] == first.headers["etag"]
    assert first.headers["etag"] != client.get("/tiles/ae/9/255/255.png").headers["etag"]


@pytest.mark.parametrize("path", ["reference", "reference.png"])
def test_reference_is_cacheable_and_answers_head(client: TestClient, path: str) -> None:
    first = client.get(f"/models/vae/{path}")

    again = client.get(
        f"/models/vae/{path}", headers={"If-None-Match": f'"x", {first.headers["etag"]}'}
    )
    head = client.head(f"/models/vae/{path}")

    assert first.headers["cache-control"] == "public, no-cache"
    assert (again.status_code, again.content, head.content) == (304, b"", b"")
    assert again.headers["etag"] == head.headers["etag"] == first.headers["etag"]
    assert head.headers["content-length"] == str(len(first.content))
