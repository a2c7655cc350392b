from fastapi.testclient import TestClient


def test_other_methods_on_an_operation_are_answered_by_the_framework(client: TestClient) -> None:
    answer = client.get("/decode")

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_head_of_a_grid_has_the_headers_of_get(client: TestClient) -> None:
    head, get = client.head("/grid?rows=2"), client.get("/grid?rows=2")

    assert head.content == b""
    assert [head.headers[n] for n in ("content-length", "etag", "content-type")] == [
        get.headers[n] for n in ("content-length", "etag", "content-type")
    ]


def test_head_and_get_refuse_the_same_queries(client: TestClient) -> None:
    for query in ("rows=0", "rows=a", "x_min=nan", "other=1", "rows=2&rows=3", "bounds=none"):
        assert client.head(f"/grid?{query}").status_code == 422
        assert client.get(f"/grid?{query}").status_code == 422
