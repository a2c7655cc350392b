"""Several real worker processes on one port."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest

from service.process.workers import MAX_DEFAULT_WORKERS, worker_count
from service.settings import Settings
from tests import tiny
from tests.server import figure, serve, until
from tests.service.slow_work import ONE_PLACE, slow_grid

TWO = 2


@pytest.fixture
def served(repository: Path) -> Iterator[tuple[str, subprocess.Popen[str], list[str]]]:
    """Address, process and log of a server with two workers."""
    log = list[str]()
    with serve(["-m", "service"], repository, log=log, workers=TWO) as (address, process):
        yield address, process, log


def workers_of(process: subprocess.Popen[str]) -> set[int]:
    return {child.pid for child in psutil.Process(process.pid).children()}


def ask(address: str, times: int) -> list[httpx.Response]:
    """Send `times` requests, each on its own connection."""
    return [httpx.get(f"{address}/grid?rows=1&columns=1") for _ in range(times)]


def wait_for_all(address: str, process: subprocess.Popen[str]) -> set[int]:
    """Wait until each worker has reported that it serves, which it does before its first answer."""

    def listens(pid: int) -> bool:
        return any(c.status == psutil.CONN_LISTEN for c in psutil.Process(pid).net_connections())

    until(lambda: [listens(pid) for pid in workers_of(process)] == [True] * TWO)
    ask(address, 20)  # these reach both, except once in half a million
    return workers_of(process)


def test_default_is_one_for_each_cpu_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    for cpus, expected in ((1, 1), (2, 2), (64, MAX_DEFAULT_WORKERS)):
        monkeypatch.setattr("service.process.workers.available_cpus", lambda cpus=cpus: cpus)
        assert worker_count(Settings()) == expected
    assert worker_count(Settings(workers=7)) == 7


def test_whoever_answers_figures_are_the_sum(
    served: tuple[str, subprocess.Popen[str], list[str]],
) -> None:
    address, _, _ = served

    answers = ask(address, 40)

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    for _ in range(5):
        assert figure(address, "atlas_requests_total", route="/grid", status="200") == 40
        assert figure(address, "atlas_request_seconds_count", route="/grid") == 40
    assert figure(address, "atlas_model_info", model="vae") == 1


def test_both_serve(served: tuple[str, subprocess.Popen[str], list[str]]) -> None:
    address, process, _ = served
    before = {pid: psutil.Process(pid).cpu_times().user for pid in workers_of(process)}

    with ThreadPoolExecutor(8) as clients:  # the kernel spreads 64 connections by their ports
        assert all(clients.map(lambda _: httpx.get(address + "/grid").is_success, range(64)))

    after = {pid: psutil.Process(pid).cpu_times().user for pid in workers_of(process)}
    assert len(before) == TWO
    assert all(after[pid] > before[pid] for pid in before)


def test_workers_share_the_memory_of_what_is_imported(
    served: tuple[str, subprocess.Popen[str], list[str]],
) -> None:
    _, process, _ = served

    for pid in workers_of(process):
        shared = sum(part.shared_dirty for part in psutil.Process(pid).memory_maps())
        assert shared > 20 * 10**6  # of about 45 MB; what a file holds is not counted


def test_worker_that_fails_ends_the_start_with_its_error() -> None:
    program = (
        "import sys\n"
        "from service.process.workers import Workers\n"
        "from service.settings import Settings\n"
        "def fail(settings, starter): raise RuntimeError('the reason')\n"
        "sys.exit(Workers(Settings(port=0), 2, lambda: fail).run())\n"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert done.returncode == 1
    assert "RuntimeError: the reason" in done.stderr
    assert "a worker exited with 1 during its start" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_end_that_comes_before_the_first_worker_is_0(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "service"],
        env=os.environ | {"ATLAS_PORT": "0", "ATLAS_WORKERS": str(TWO)},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        assert "starting 2 workers" in process.stderr.readline()  # it imports the app now
        process.send_signal(number)

        assert process.stderr.read() == ""
    assert process.returncode == 0


def test_worker_that_is_killed_is_replaced(
    served: tuple[str, subprocess.Popen[str], list[str]],
) -> None:
    address, process, log = served
    victim = wait_for_all(address, process).pop()

    os.kill(victim, signal.SIGKILL)

    until(lambda: len(workers_of(process)) == TWO and victim not in workers_of(process))
    wait_for_all(address, process)
    assert {answer.status_code for answer in ask(address, 20)} == {200}
    assert any("starting another" in line for line in log)


def test_end_that_comes_while_a_worker_is_replaced_ends_that_one_too(
    served: tuple[str, subprocess.Popen[str], list[str]],
) -> None:
    address, process, _ = served
    victim = wait_for_all(address, process).pop()

    os.kill(victim, signal.SIGKILL)
    process.send_signal(signal.SIGTERM)

    process.wait(timeout=20)
    assert process.returncode in (0, 1)  # 1 if it saw the kill after the SIGTERM


def test_hangup_reloads_in_all_even_those_that_are_starting(tmp_path: Path) -> None:
    tiny.publish(tmp_path, "vae")
    with serve(["-m", "service"], tmp_path, workers=TWO) as (address, process):
        tiny.publish(tmp_path, "vae", seed=2)
        process.send_signal(signal.SIGHUP)

        assert len(workers_of(process)) == TWO
        until(
            lambda: {answer.headers["atlas-model-version"] for answer in ask(address, 20)} == {"2"}
        )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_end_answers_what_was_taken_and_is_0(repository: Path, number: signal.Signals) -> None:
    environment = os.environ | ONE_PLACE
    with (
        serve(["-m", "service"], repository, environment=environment, workers=TWO) as (
            address,
            process,
        ),
        ThreadPoolExecutor(6) as clients,
    ):
        taken = [clients.submit(httpx.get, address + slow_grid(), timeout=60) for _ in range(6)]
        until(lambda: figure(address, "atlas_inference_waiting") >= 1)
        workers = workers_of(process)
        process.send_signal(number)

        assert {request.result().status_code for request in taken} == {200}
        assert process.wait(timeout=20) == 0
    assert not any(map(psutil.pid_exists, workers))


def test_workers_end_when_their_starter_is_killed(
    served: tuple[str, subprocess.Popen[str], list[str]],
) -> None:
    _, process, _ = served
    workers = workers_of(process)

    process.kill()

    until(lambda: not any(map(psutil.pid_exists, workers)))
