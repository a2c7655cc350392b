"""Which hosts the service answers for."""

from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.http.hosts import hosts_of
from service.settings import Settings
from tests.server import connected, serve
from tests.service.answers import assert_problem
from tests.service.http.test_exchange import exchange_of

LOCAL = ["localhost", "localhost:8000", "127.0.0.1:9", "[::1]:8000", "[::1]", "LocalHost.:80"]
OTHER = ["a.example", "a.example:8000", "localhost.a.example", "127.0.0.1.a.example", "0.0.0.0"]
OTHER += ["192.168.0.7:8000", "[::2]", "localhost:", "localhost@a.example", "a b"]
LOOPBACK = ["127.0.0.1", "localhost", "::1", "127.0.0.2"]


def status(client: TestClient, host: str, path: str = "/models") -> int:
    answer: httpx.Response = client.get(path, headers={"Host": host})
    return answer.status_code


@pytest.fixture(params=LOOPBACK)
def local(repository: Path, request: pytest.FixtureRequest) -> TestClient:
    """A client of an app whose server listens on loopback."""
    settings = Settings(model_repository=repository)
    return TestClient(create_app(settings, listens_on=request.param))


@pytest.mark.parametrize("host", LOCAL)
def test_local_host_is_answered_for_on_loopback(local: TestClient, host: str) -> None:
    assert status(local, host) == 200


@pytest.mark.parametrize("path", ["/models", "/", "/nowhere", "/livez"])
@pytest.mark.parametrize("host", OTHER)
def test_other_host_is_refused_on_loopback(local: TestClient, host: str, path: str) -> None:
    answer = local.get(path, headers={"Host": host})

    assert_problem(answer, 421)
    assert host not in answer.text
    assert answer.headers["x-request-id"]


def test_other_host_is_refused_in_the_format_of_v2(local: TestClient) -> None:
    answer = local.get("/v2", headers={"Host": "a.example"})

    assert (answer.status_code, list(answer.json())) == (421, ["error"])


@pytest.mark.parametrize("listens_on", [None, "0.0.0.0", "::", "10.0.0.7", "atlas.example"])
def test_every_host_is_answered_for_elsewhere(listens_on: str | None) -> None:
    assert hosts_of(Settings(), listens_on) is None


SET = {
    "another name": Settings(allowed_hosts=("Atlas.example",)),
    "the public address": Settings(public_url="https://atlas.example:8443/map"),
    "any": Settings(allowed_hosts=("*",)),
}


@pytest.mark.parametrize("settings", SET.values(), ids=SET)
@pytest.mark.parametrize("host", ["atlas.example", "ATLAS.example:8443", "localhost:8000"])
def test_host_in_the_settings_is_answered_for(settings: Settings, host: str) -> None:
    hosts = hosts_of(settings, "127.0.0.1")

    if hosts is not None:
        hosts.check(exchange_of(headers=[(b"host", host.encode())]))


def test_setting_counts_wherever_the_server_listens(repository: Path) -> None:
    settings = Settings(model_repository=repository, allowed_hosts=("atlas.example", "[::7]"))
    client = TestClient(create_app(settings, listens_on="0.0.0.0"))

    hosts = ["atlas.example", "[::7]:1", "127.0.0.1", "a.example"]
    assert [status(client, host) for host in hosts] == [200, 200, 200, 421]


@pytest.mark.parametrize("workers", [1, 2])
def test_served_process_knows_where_it_listens(repository: Path, workers: int) -> None:
    with serve(["-m", "service"], repository, workers=workers) as (address, _):
        own = httpx.get(f"{address}/models")
        other = httpx.get(f"{address}/models", headers={"Host": "a.example"})

    assert (own.status_code, other.status_code) == (200, 421)


def test_http_1_0_without_a_host_is_answered(repository: Path) -> None:
    with serve(["-m", "service"], repository) as (address, _), connected(address) as connection:
        connection.sendall(b"GET /livez HTTP/1.0\r\n\r\n")

        assert b" 200 " in connection.recv(100)
