"""docs/openapi.json equals the served document, so that every change to it is deliberate."""

import json
import subprocess
import sys
from pathlib import Path

from fastapi.testclient import TestClient

from service.app import create_app
from service.openapi_file import render
from service.settings import Settings

ROOT = Path(__file__).parents[2]
COMMITTED = (ROOT / "docs" / "openapi.json").read_text()


def test_committed_document_is_the_one_that_is_served(client: TestClient) -> None:
    assert json.loads(COMMITTED) == client.get("/openapi.json").json(), "run `make openapi`"


def test_committed_document_is_what_the_command_prints() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "service.openapi_file"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == COMMITTED == render(create_app(Settings()).openapi())
