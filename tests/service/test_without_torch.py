"""The service in an environment without torch, on other versions of Python: the same answers.

SERVICE_TEST_PYTHONS names the interpreters, with blanks between them; unset: this one.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.server import serve
from tests.service.openapi.requests import OPERATIONS, Request, right_request, wrong_request

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent
PYTHONS = os.environ.get("SERVICE_TEST_PYTHONS", sys.executable).split()
REQUESTS = {
    f"{operation.name} {status}": right_request(operation)
    if status == 200
    else wrong_request(operation, status)
    for operation in OPERATIONS
    for status in (200, *(it for it, wrong in operation.wrong.items() if wrong.request))
    if operation.answers.media_type != "text/plain"  # metrics
}


@pytest.fixture(scope="module", params=PYTHONS)
def without_torch(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, repository: Path
) -> Iterator[str]:
    """Address of a service with two workers in a new environment of this interpreter."""
    folder = tmp_path_factory.mktemp("environment")
    python = str(folder / "bin" / "python")
    packages = ["--constraint", f"{ROOT}/constraints.txt", "--editable", f"{ROOT}[service]"]
    subprocess.run([request.param, "-m", "venv", folder], check=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
    assert subprocess.run(
        [python, "-c", "import torch"], check=False, stderr=subprocess.DEVNULL
    ).returncode
    with serve(["-m", "service"], repository, python, folder, workers=2) as (found, _):
        yield found


@pytest.fixture(scope="module")
def with_torch(repository: Path) -> Iterator[str]:
    """Address of a service in this environment."""
    with serve(["-m", "service"], repository) as (found, _):
        yield found


def answer(address: str, request: Request) -> tuple[int, str, bytes]:
    """What depends on the request alone."""
    with httpx.Client(base_url=address) as client:
        got = client.request(request.method, request.address, **request.parts)
    content = got.content.replace(address.encode(), b"")
    return got.status_code, got.headers.get("content-type", ""), content


@pytest.mark.parametrize("request_to", REQUESTS.values(), ids=REQUESTS)
def test_answer_is_the_one_with_torch(
    without_torch: str, with_torch: str, request_to: Request
) -> None:
    assert answer(without_torch, request_to) == answer(with_torch, request_to)
