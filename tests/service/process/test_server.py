"""How the real server drains and stops."""

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests import tiny
from tests.docker.load import CLIENTS, Load
from tests.server import figure, serve, until
from tests.service.slow_work import ONE_PLACE, slow_grid


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_the_server_quietly(repository: Path, number: signal.Signals) -> None:
    log = list[str]()

    with serve(["-m", "service"], repository, log=log) as (_, process):
        process.send_signal(number)

        assert process.wait(timeout=20) == 0
    assert all(json.loads(line)["level"] == "info" for line in log)


def test_terminated_server_answers_what_it_has_taken_and_is_not_ready(repository: Path) -> None:
    environment = os.environ | ONE_PLACE

    with (
        serve(["-m", "service"], repository, environment=environment) as (address, process),
        httpx.Client(base_url=address) as prober,
        ThreadPoolExecutor(4) as clients,
    ):
        assert prober.get("/readyz").status_code == 200
        first = clients.submit(httpx.get, address + slow_grid(256), timeout=60)
        until(lambda: figure(address, "atlas_inference_running") == 1)
        waiting = [clients.submit(httpx.get, address + slow_grid(), timeout=60) for _ in range(3)]
        until(lambda: figure(address, "atlas_inference_waiting") == 3)
        process.send_signal(signal.SIGTERM)
        ready = prober.get("/readyz")  # on the connection opened before the signal

        assert (ready.status_code, ready.headers["connection"]) == (503, "close")
        answers = [client.result() for client in (first, *waiting)]
        assert {answer.status_code for answer in answers} == {200}
        sides = [tiny.read_levels(answer.content).shape[0] for answer in answers]
        assert sides == [256 * 28, *(3 * [128 * 28])]
        assert process.wait(timeout=20) == 0


@pytest.mark.parametrize("workers", [1, 2])
def test_end_under_load_loses_no_request(workers: int) -> None:
    with serve(["-m", "service"], None, workers=workers) as (address, process):
        host = urlsplit(address)
        with Load(str(host.hostname), int(host.port or 0)) as load:
            process.send_signal(signal.SIGTERM)
            load.join()

        assert load.counts.lost == []
        assert load.counts.refused == CLIENTS
        assert process.wait(timeout=20) == 0


def test_end_of_the_grace_answers_503_and_ends_with_0(repository: Path) -> None:
    environment = os.environ | ONE_PLACE | {"ATLAS_SHUTDOWN_GRACE_SECONDS": "0"}

    with (
        serve(["-m", "service"], repository, environment=environment) as (address, process),
        ThreadPoolExecutor(4) as clients,
    ):
        accepted = [
            clients.submit(httpx.get, address + slow_grid(256), timeout=60) for _ in range(4)
        ]
        until(lambda: figure(address, "atlas_inference_waiting") == 3)
        process.send_signal(signal.SIGTERM)

        answers = [client.result() for client in accepted]
        assert answers[-1].headers["content-type"] in ("application/problem+json", "image/png")
        assert 503 in {answer.status_code for answer in answers} <= {200, 503}
        assert process.wait(timeout=20) == 0
