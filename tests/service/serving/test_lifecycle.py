"""Reloads lose no request and never mix two versions in an answer."""

import asyncio
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import httpx
import numpy as np
import pytest
import torch

from service.errors import NotReady, ShuttingDown
from service.serving.executor import Executor
from service.serving.lifecycle import Lifecycle
from service.serving.registry import Registry
from tests import tiny
from tests.server import figure, serve, until
from tests.service.test_main import WAYS

SEEDS = (1, 2, 3, 4)  # of the versions 1, 2, ...


class CountingRegistry(Registry):
    """A registry that counts its loads and notices when two overlap."""

    loads, running, overlapped = 0, 0, False

    def __init__(self, repository: Path) -> None:
        super().__init__(repository, "vae")
        self.gate = threading.Event()

    def load(self) -> None:
        self.running += 1
        self.overlapped |= self.running > 1
        self.gate.wait()
        self.loads, self.running = self.loads + 1, self.running - 1


def test_reloads_never_overlap_and_those_that_wait_are_one(repository: Path) -> None:
    registry = CountingRegistry(repository)

    async def reload_thrice() -> None:
        lifecycle = Lifecycle(registry, Executor(1, 0))
        first = lifecycle.reload()
        while not registry.running:
            await asyncio.sleep(0)
        second, third = lifecycle.reload(), lifecycle.reload()
        assert second is third is not first
        registry.gate.set()
        await lifecycle.close()

    asyncio.run(reload_thrice())

    assert (registry.loads, registry.overlapped) == (2, False)


def test_draining_service_is_not_ready(repository: Path) -> None:
    registry = Registry(repository, "vae")
    lifecycle = Lifecycle(registry, Executor(1, 0))

    with pytest.raises(NotReady):
        lifecycle.require_ready()
    registry.load()
    lifecycle.require_ready()
    lifecycle.drain()
    with pytest.raises(ShuttingDown):
        lifecycle.require_ready()


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system has no SIGHUP")
@pytest.mark.parametrize("way", WAYS)
def test_hangup_reloads(tmp_path: Path, way: str) -> None:
    tiny.publish(tmp_path)

    with serve(WAYS[way], tmp_path) as (address, process):
        tiny.publish(tmp_path)
        tiny.publish(tmp_path, "ae")
        process.send_signal(signal.SIGHUP)

        until(lambda: served(address) == {"ae": 1, "vae": 2})


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system has no SIGHUP")
def test_reloads_under_load_lose_double_and_mix_nothing(tmp_path: Path) -> None:
    tiny.publish(tmp_path, seed=1)
    is_over = threading.Event()
    versions: list[list[int]] = [[] for _ in range(4)]  # the versions that answered each client

    with serve(["-m", "service"], tmp_path) as (address, process), ThreadPoolExecutor(4) as pool:
        clients = [pool.submit(ask_until, is_over, address, seen) for seen in versions]

        def all_answered_by(version: int) -> bool:
            failed = any(client.done() for client in clients)
            return failed or served(address) == {"vae": version} == {
                "vae": min(map(last, versions))
            }

        try:
            until(lambda: all_answered_by(1))
            for version in SEEDS[1:]:
                tiny.publish(tmp_path, seed=version)
                process.send_signal(signal.SIGHUP)
                until(partial(all_answered_by, version))
            (tiny.publish(tmp_path) / "model.pt").write_bytes(b"cut")
            process.send_signal(signal.SIGHUP)
            until(lambda: httpx.get(f"{address}/models").json()["unavailable"] != [])
            assert served(address) == {"vae": SEEDS[-1]}
        finally:
            is_over.set()
        asked = sum(client.result() for client in clients)

        answered = figure(address, "atlas_requests_total", route="/decode/pixels", status="200")
    assert asked == answered == sum(map(len, versions))
    assert all(seen == sorted(seen) for seen in versions)


def last(versions: list[int]) -> int:
    """The version that answered last, 0 before the first answer."""
    return versions[-1] if versions else 0


def served(address: str) -> dict[str, int]:
    """The versions that a ready server serves."""
    response = httpx.get(f"{address}/readyz")
    assert response.status_code == 200
    versions: dict[str, int] = response.json()["models"]
    return versions


def ask_until(is_over: threading.Event, address: str, versions: list[int]) -> int:
    """Decode points that no other client requests and check each answer. Returns their number."""
    models = {seed: tiny.TinyAutoencoder(seed=seed).eval() for seed in SEEDS}
    generator = np.random.default_rng(threading.get_ident())
    asked = 0
    with httpx.Client(base_url=address) as client:
        while not is_over.is_set():
            point = generator.uniform(-3, 3, 2).tolist()
            response = client.post("/decode/pixels", json={"latents": [point]})
            asked += 1
            assert response.status_code == 200
            version, body = int(response.headers["atlas-model-version"]), response.json()
            with torch.inference_mode():
                expected = models[version].decode(torch.tensor([point]))[0, 0].numpy()
            assert body["version"] == version
            assert np.abs(np.array(body["images"][0]) - expected).max() < 1e-5
            versions.append(version)
    return asked
