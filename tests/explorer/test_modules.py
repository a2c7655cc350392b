"""Runs the tests of the page's modules that need no browser, in node's test runner."""

import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "unit"


@pytest.mark.slow
def test_modules_compute_what_they_should() -> None:
    node = shutil.which("node")
    assert node, "this test needs node 20.19 or newer"
    files = sorted(FOLDER.glob("*.test.js"))
    assert files

    done = subprocess.run(
        [node, "--test", *files], capture_output=True, text=True, check=False, timeout=120
    )

    assert done.returncode == 0, done.stdout
