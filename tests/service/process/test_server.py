"""How the real server drains and stops."""

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from tests import tiny
from tests.docker.load import CLIENTS, Load
from tests.server import figure, serve, until
from tests.service.slow_work import ONE_PLACE, endless_points, publish_endless, slow_grid


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


@pytest.mark.parametrize("workers", [1, 2])
def test_work_that_does_not_end_holds_no_exit_up(tmp_path: Path, workers: int) -> None:
    environment = os.environ | ONE_PLACE | {"ATLAS_SHUTDOWN_GRACE_SECONDS": "0"}
    log = list[str]()
    with (
        serve(
            ["-m", "service"],
            publish_endless(tmp_path),
            environment=environment,
            log=log,
            workers=workers,
        ) as (address, process),
        ThreadPoolExecutor(2) as clients,
    ):
        asked = [
            clients.submit(httpx.post, f"{address}/decode", json=endless_points(), timeout=60)
            for _ in range(2)
        ]
        until(lambda: figure(address, "atlas_inference_running") >= 1)
        until(lambda: figure(address, "atlas_request_items_count", kind="latents") == 2)
        process.send_signal(signal.SIGTERM)

        answers = [it.result() for it in asked]
        assert [answer.status_code for answer in answers] == [503, 503]
        assert {answer.headers["connection"] for answer in answers} == {"close"}
        assert process.wait(timeout=30) == 0
    assert any("exiting before the end of 1 computations" in line for line in log)


def test_second_interrupt_ends_work_that_does_not_end(tmp_path: Path) -> None:
    with (
        serve(["-m", "service"], publish_endless(tmp_path)) as (address, process),
        httpx.Client(base_url=address) as prober,
        ThreadPoolExecutor(1) as clients,
    ):
        prober.get("/readyz")
        cut = clients.submit(httpx.post, f"{address}/decode", json=endless_points(), timeout=60)
        until(lambda: figure(address, "atlas_inference_running") == 1)
        process.send_signal(signal.SIGINT)
        until(lambda: prober.get("/readyz").status_code == 503)
        process.send_signal(signal.SIGINT)

        assert process.wait(timeout=30) == 0
        assert isinstance(cut.exception(), httpx.TransportError)


def computed_by_workers(pid: int) -> float:
    """CPU seconds that the workers of a server have taken."""
    return sum(worker.cpu_times().user for worker in psutil.Process(pid).children())


@pytest.mark.slow
def test_worker_whose_event_loop_hangs_is_killed_after_the_grace(tmp_path: Path) -> None:
    environment = os.environ | {"ATLAS_SHUTDOWN_GRACE_SECONDS": "0"}
    log = list[str]()
    with (
        serve(
            ["-m", "service"],
            publish_endless(tmp_path),
            environment=environment,
            log=log,
            workers=2,
        ) as (address, process),
        ThreadPoolExecutor(1) as clients,
    ):
        before = computed_by_workers(process.pid)
        clients.submit(httpx.post, f"{address}/decode", json=endless_points(1), timeout=60)
        until(lambda: computed_by_workers(process.pid) > before + 0.5)
        process.send_signal(signal.SIGTERM)

        assert process.wait(timeout=60) == 1
    assert any("killing" in line for line in log)
