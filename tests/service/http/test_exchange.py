import asyncio

import pytest
from fastapi.testclient import TestClient
from starlette.types import Scope

from service.http.exchange import Exchange


def exchange_of(**changes: object) -> Exchange:
    scope: Scope = {"type": "http", "method": "GET", "path": "/grid", "headers": [], **changes}
    return Exchange(scope, asyncio.Queue().get)


@pytest.mark.parametrize("given", ["a-B_1.2:/=", "a" * 64])
def test_sane_id_of_the_client_is_kept(client: TestClient, given: str) -> None:
    answer = client.get("/livez", headers={"X-Request-ID": given})

    assert answer.headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "a" * 65, "a b", 'a"b', "a\tb", "\xe9"])
def test_other_ids_are_replaced(client: TestClient, given: str) -> None:
    answer = client.get("/livez", headers={"X-Request-ID": given.encode("latin-1")})

    assert answer.headers["x-request-id"] != given
    assert len(answer.headers["x-request-id"]) == 32


def test_first_of_two_headers_counts() -> None:
    exchange = exchange_of(headers=[(b"host", b"one"), (b"host", b"two")])

    assert (exchange.header("host"), exchange.header("accept")) == ("one", None)


def test_head_counts_as_get() -> None:
    head = exchange_of(method="HEAD")

    assert (head.method, head.is_head) == ("GET", True)


def test_path_is_that_below_a_proxys_prefix() -> None:
    assert exchange_of(path="/atlas/grid", root_path="/atlas").path == "/grid"
