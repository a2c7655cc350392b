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


BLANKS = [b"%s", b"%s ", b" \t%s\t "]
around = pytest.mark.parametrize("blanks", BLANKS)


@around
def test_blanks_around_a_value_do_not_count(blanks: bytes) -> None:
    names = [b"host", b"x-request-id", b"content-type", b"x-api-key"]
    exchange = exchange_of(headers=[(name, blanks % b"a:1") for name in names])

    assert set(exchange.headers.values()) == {b"a:1"}
    assert (exchange.id, exchange.values(b"x-api-key")) == ("a:1", [b"a:1"])


def test_blanks_are_spaces_and_tabs_alone() -> None:
    value = "\N{NO-BREAK SPACE}a\N{NEXT LINE}"

    assert exchange_of(headers=[(b"host", value.encode("latin-1"))]).header("host") == value


@pytest.mark.parametrize("value", [b"text/plain", b"Text/PLAIN ; charset=x", b" text/plain\t; a"])
def test_media_type_is_read_without_case_and_parameters(value: bytes) -> None:
    assert exchange_of(headers=[(b"content-type", value)]).media_type() == b"text/plain"


def test_list_is_read_word_by_word_and_line_by_line() -> None:
    exchange = exchange_of(
        headers=[(b"a", b"One ,, two\t"), (b"b", b"x"), (b"a", b"three"), (b"a", b"")]
    )

    assert exchange.tokens(b"a") == [b"one", b"two", b"three"]


def test_head_counts_as_get() -> None:
    head = exchange_of(method="HEAD")

    assert (head.method, head.is_head) == ("GET", True)


def test_path_is_that_below_a_proxys_prefix() -> None:
    assert exchange_of(path="/atlas/grid", root_path="/atlas").path == "/grid"
