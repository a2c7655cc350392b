"""Checks what the images contain and what they leave out. Needs an engine."""

import json
import re
import subprocess
from collections.abc import Callable

import httpx
import numpy as np
import pytest

from tests import tiny
from tests.benchmarks.container_start import main
from tests.docker import engine
from tests.docker.conftest import bare
from tests.server import serve, until

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("images")]

SERVICES = (engine.SERVICE_IMAGE, engine.SLIM_IMAGE)
IMAGES = (*SERVICES, engine.TRAINING_IMAGE)
SBOM = "/usr/local/share/sbom/latent-atlas.cdx.json"
BUDGETS = {
    engine.SERVICE_IMAGE: 0.85e9,
    engine.SLIM_IMAGE: 0.3e9,
    engine.TRAINING_IMAGE: 1.2e9,
}


def run_in(image: str, *command: str) -> str:
    """Run a command in a container, as root and without network. Returns its output."""
    entry, *arguments = command
    options = ("--rm", "--user", "0", "--network", "none", "--entrypoint", entry)
    return engine.docker("run", *options, image, *arguments)


def unpacked_bytes(image: str) -> int:
    """Size of all layers. The size that an engine reports may be that of compressed layers."""
    layers = engine.docker("history", "--human=false", "--format", "{{.Size}}", image)
    return sum(int(layer) for layer in layers.split())


@pytest.mark.parametrize("image", IMAGES)
def test_size_is_within_the_budget(image: str, report: Callable[[str], None]) -> None:
    size = unpacked_bytes(image)

    report(f"size of {image}: {size / 1e6:.0f} MB of {BUDGETS[image] / 1e6:.0f} MB")
    assert size < BUDGETS[image]


def test_start_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--times", "1"])

    assert re.fullmatch(r"docker run to /readyz 200, 2 CPUs: [\d.]+ s\n", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("image", "modules"),
    [
        *((image, "service.worker, service.app") for image in SERVICES),
        (engine.TRAINING_IMAGE, "training.command_line"),
    ],
)
def test_nothing_is_compiled_at_a_start(image: str, modules: str) -> None:
    look = (
        f"import os, sys, {modules}\n"
        "cached = {name: vars(it).get('__cached__') for name, it in sys.modules.items()}\n"
        "print([name for name, place in cached.items() if place and not os.path.exists(place)])\n"
    )

    assert run_in(image, "python", "-c", look) == "[]"


@pytest.mark.parametrize("image", SERVICES)
def test_answers_are_those_outside_a_container(image: str) -> None:
    body = {"latents": [[0, 0], [1.5, -2]], "scale": 2}
    upload = tiny.uploads([tiny.picture_bytes(tiny.random_levels(1)[0])])

    def ask(at: str) -> tuple[list[np.ndarray[tuple[int, ...], np.dtype[np.int_]]], list[float]]:
        pictures = [httpx.get(f"{at}/grid?model={name}").content for name in ("ae", "vae")]
        pictures.append(httpx.post(f"{at}/decode", json=body).content)
        latents = httpx.post(f"{at}/encode", files=upload).json()["latents"]
        return [tiny.read_levels(png).astype(int) for png in pictures], latents[0]["mean"]

    with serve(["-m", "service"], None) as (outside, _):
        expected, mean = ask(outside)
    with bare(image=image) as (_, host, port):
        found, found_mean = ask(f"http://{host}:{port}")

    for picture, wanted in zip(found, expected, strict=True):
        assert np.abs(picture - wanted).max() <= 1
    assert found_mean == pytest.approx(mean, abs=1e-4)


@pytest.mark.parametrize("image", IMAGES)
def test_holds_no_compiler_cache_or_test_suite(image: str) -> None:
    names = r"(gcc|g\+\+|cc|c\+\+|clang|ld|as|make|strip|curl|wget|tests?|\.cache)(-[0-9]+)?"
    where = ("/opt", "/atlas", "/root", "/usr/bin", "/tmp")
    like = ("-regextype", "posix-extended", "-regex", f".*/{names}")

    found = run_in(image, "find", *where, *like)

    assert found == "/usr/bin/test"  # the program of that name, no test suite


@pytest.mark.parametrize("image", SERVICES)
def test_service_image_holds_nothing_of_training(image: str) -> None:
    look = (
        "from importlib.util import find_spec\n"
        "names = 'training', 'matplotlib', 'pooch', 'scipy', 'sklearn', 'tqdm', 'typer'\n"
        "names += 'sympy', 'pip', 'setuptools'\n"
        "print([name for name in names if find_spec(name)])\n"
    )

    assert run_in(image, "/opt/venv/bin/python", "-c", look) == "[]"


@pytest.mark.parametrize(
    ("image", "needed", "absent"),
    [
        (SERVICES[0], {"torch", "onnxruntime", "pillow"}, {"matplotlib", "onnx", "pip", "sympy"}),
        (SERVICES[1], {"onnxruntime", "pillow"}, {"matplotlib", "onnx", "pip", "torch"}),
        (engine.TRAINING_IMAGE, {"torch", "onnx", "pooch"}, {"fastapi", "pip", "uvicorn"}),
    ],
)
def test_bill_of_materials_is_what_is_installed(
    image: str, needed: set[str], absent: set[str]
) -> None:
    listing = "import importlib.metadata as m\nfor d in m.distributions(): print(d.name, d.version)"

    bill = json.loads(run_in(image, "cat", SBOM))
    installed = set(run_in(image, "python", "-c", listing).splitlines())

    listed = {f"{part['name']} {part['version']}" for part in bill["components"]}
    assert listed | {f"latent-atlas {engine.VERSION}"} == installed
    names = {line.split()[0] for line in listed}
    assert needed <= names
    assert not absent & names


@pytest.mark.parametrize("image", IMAGES)
def test_says_what_it_is_and_runs_as_nobody(image: str) -> None:
    config = engine.inspect(image)["Config"]

    labels = {key.rpartition(".")[2]: value for key, value in config["Labels"].items()}
    assert labels["licenses"] == "MIT"
    assert labels["version"] == engine.VERSION
    assert {"title", "description", "revision", "source"} <= labels.keys()
    assert config["User"] == "10001:10001"
    assert config["Entrypoint"][0] == "python"


def test_is_healthy_on_any_port_without_a_network() -> None:
    with engine.beside("--network", "none", "--env", "ATLAS_PORT=9000") as name:
        until(lambda: engine.inspect(name)["State"]["Health"]["Status"] == "healthy")


def test_wrong_setting_stops_the_container_with_its_name() -> None:
    done = subprocess.run(
        ["docker", "run", "--rm", "--env", "ATLAS_MAX_TILES=none", engine.SERVICE_IMAGE],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr == (
        'latent-atlas: ATLAS_MAX_TILES is "none": expected a whole number; '
        "for example ATLAS_MAX_TILES=16384\n"
    )
