"""Runs each program of docs/clients.md beside its generated client."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from service.settings import Settings
from tests import tiny
from tests.clients.generate import CLIENTS, SOURCE
from tests.clients.test_clients import run
from tests.server import serve

pytestmark = pytest.mark.slow

ROOT = SOURCE.parent.parent
PAGE = (ROOT / "docs" / "clients.md").read_text()
PROGRAMS = re.findall(r"^In `clients/([\w-]+)`.*?^```\w+\n(.*?)^```", PAGE, re.M | re.S)
FILES = {
    "openapi-python-client": "example.py",
    "openapi-generator-python": "example.py",
    "openapi-generator-go": "example/main.go",
    "hey-api": "example.ts",
    "openapi-fetch": "example.ts",
}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A server with the embedded models."""
    with serve(["-m", "service"], Settings().model_repository) as (address, _):
        yield address


def command(tool: str, program: Path) -> list[str]:
    """Build the program if needed. Returns the command that runs it."""
    if program.suffix == ".py":
        return ["python", str(program)]
    if program.suffix == ".go":
        run(["go", "build", "-o", "example/example", "./example"], CLIENTS / tool)
        return [str(program.with_name("example"))]
    run(["tsc"], CLIENTS)
    return ["node", str(CLIENTS / "build" / tool / "example.js")]


def test_page_has_a_program_for_each_tool() -> None:
    assert [tool for tool, _ in PROGRAMS] == list(FILES)


@pytest.mark.parametrize(("tool", "code"), PROGRAMS, ids=[tool for tool, _ in PROGRAMS])
def test_program_on_the_page_works(address: str, tmp_path: Path, tool: str, code: str) -> None:
    shoe = tiny.picture_bytes(tiny.random_levels(1)[0])
    (tmp_path / "shoe.png").write_bytes(shoe)
    program = CLIENTS / tool / FILES[tool]
    program.parent.mkdir(exist_ok=True)
    program.write_text(code.replace("http://localhost:8000", address))

    printed = run(command(tool, program), tmp_path)

    encoded = httpx.post(f"{address}/encode", files=tiny.uploads([shoe])).json()["latents"]
    found = [float(number) for number in re.findall(r"-?\d+\.\d+", printed)]
    assert found == pytest.approx(encoded[0]["mean"], abs=1e-5)
    assert (tmp_path / "vae.png").read_bytes() == httpx.get(f"{address}/grid?model=vae").content
