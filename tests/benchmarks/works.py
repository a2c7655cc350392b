"""The requests that servers are compared by, and the load (wrk, on loopback) that sends them."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx
import numpy as np
import numpy.typing as npt
import psutil

from service.artifact.load import load_artifact
from service.settings import EMBEDDED_REPOSITORY
from tests import tiny

REPLAY = Path(__file__).parent / "replay.lua"
VARIANTS = 8


@dataclass(frozen=True)
class Request:
    path: str
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def method(self) -> str:
        """GET for a request without a body, otherwise POST."""
        return "GET" if self.body is None else "POST"

    def send(self, client: httpx.Client) -> bytes:
        """Returns the answer's body. Raises if the answer is an error."""
        answer = client.request(self.method, self.path, content=self.body, headers=self.headers)
        return answer.raise_for_status().content


@dataclass(frozen=True)
class Load:
    """What wrk measured, and the CPU time the server used."""

    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    failed: int


def make_works() -> dict[str, list[Request]]:
    """Different requests of each kind, to be sent in turn. Pictures are held-out images."""
    levels = load_artifact(EMBEDDED_REPOSITORY / "vae" / "1").reference.thumbnails[:VARIANTS]
    generator = np.random.default_rng(0)
    points = generator.normal(size=(VARIANTS, 64, 2)).round(4).tolist()
    grids = [f"/grid?x_min=-4&x_max={4 + n / 100}" for n in range(VARIANTS)]
    return {
        "encode 1 image, JSON": [
            _json("/encode/pixels", {"images": [(image / 255).tolist()]}) for image in levels
        ],
        "encode 1 PNG file": [upload_request(tiny.picture_bytes(image)) for image in levels],
        "decode 1 to PNG": [_json("/decode", {"latents": some[:1]}) for some in points],
        "decode 64 to PNG": [_json("/decode", {"latents": some}) for some in points],
        "grid 21 x 21": [Request(grid) for grid in grids],
    }


def make_own_works() -> dict[str, list[Request]]:
    """Works that a plain server does not have: a page's requests, /v2, map tiles, a bare file."""
    levels = load_artifact(EMBEDDED_REPOSITORY / "vae" / "1").reference.thumbnails[:VARIANTS]
    points = np.random.default_rng(0).normal(size=(VARIANTS, 1, 2)).round(4)
    # Browsers send these with each POST.
    page = {"Origin": "http://localhost:8000", "Sec-Fetch-Site": "same-origin"}
    return {
        "decode 1 to PNG, from a page": [
            _json("/decode", {"latents": some.tolist()}, page) for some in points
        ],
        "infer 1 image, /v2": [_infer("images", (image / 255)[None, None]) for image in levels],
        "infer 1 point, /v2": [_infer("latents", some) for some in points],
        "tile of the map": [Request(f"/tiles/vae/10/{508 + n}/511.png") for n in range(VARIANTS)],
        "encode 1 PNG as the body": [
            picture_request(tiny.picture_bytes(image)) for image in levels
        ],
    }


def load(
    address: str,
    process: int,
    requests: list[Request],
    connections: int,
    seconds: int,
    folder: Path,
) -> Load:
    """Send `requests` in turn. Each connection sends its next request once it has an answer."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise SystemExit("this needs wrk: apt-get install wrk, or brew install wrk")
    before = cpu_seconds(process)
    command = [wrk, "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(REPLAY), address]
    environment = os.environ | {"REQUESTS": str(_write(requests, folder))}
    shown = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    seen = json.loads(shown.stdout.splitlines()[-1])
    return Load(
        per_second=seen["answered"] / seen["microseconds"] * 1e6,
        p50_ms=seen["p50"] / 1000,
        p99_ms=seen["p99"] / 1000,
        cpu_ms=(cpu_seconds(process) - before) * 1000 / max(1, seen["answered"]),
        failed=seen["failed"],
    )


def answer_sizes(address: str, works: dict[str, list[Request]]) -> dict[str, int]:
    """Bytes of the answer to the first request of each kind, by path."""
    with httpx.Client(base_url=address) as client:
        return {some[0].path: len(some[0].send(client)) for some in works.values()}


def processes(pid: int) -> list[psutil.Process]:
    """A process and its descendants."""
    first = psutil.Process(pid)
    return [first, *first.children(recursive=True)]


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its descendants."""
    times = [process.cpu_times() for process in processes(pid)]
    return sum(time.user + time.system for time in times)


def _json(path: str, body: object, headers: Mapping[str, str] = MappingProxyType({})) -> Request:
    content = json.dumps(body, separators=(",", ":")).encode()
    return Request(path, content, {"Content-Type": "application/json", **headers})


def _infer(name: str, tensor: npt.NDArray[np.floating[Any]]) -> Request:
    data, shape = tensor.ravel().tolist(), list(tensor.shape)
    tensors = [{"name": name, "shape": shape, "datatype": "FP32", "data": data}]
    return _json("/v2/models/vae/infer", {"inputs": tensors})


def upload_request(*pictures: bytes) -> Request:
    request = httpx.Request("POST", "http://localhost", files=tiny.uploads([*pictures]))
    return Request("/encode", request.read(), {"Content-Type": request.headers["content-type"]})


def picture_request(picture: bytes) -> Request:
    return Request("/encode/picture", picture, {"Content-Type": "application/octet-stream"})


def _write(requests: list[Request], folder: Path) -> Path:
    """Write the requests as a Lua table for wrk's script, with the bodies in files."""
    lines = ["return {"]
    for number, request in enumerate(requests):
        headers = ", ".join(
            f"[{json.dumps(k)}] = {json.dumps(v)}" for k, v in request.headers.items()
        )
        body = "nil"
        if request.body is not None:
            file = folder / f"{number}.body"
            file.write_bytes(request.body)
            body = json.dumps(str(file))
        method, path = json.dumps(request.method), json.dumps(request.path)
        lines.append(f"{{method={method}, path={path}, headers={{{headers}}}, body={body}}},")
    table = folder / "requests.lua"
    table.write_text("\n".join([*lines, "}"]))
    return table
