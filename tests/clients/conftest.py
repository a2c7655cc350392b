"""Generated clients, made once by the command that the documentation names."""

import shutil
import subprocess
import sys

import pytest

from tests.clients.generate import SOURCE


@pytest.fixture(scope="session", autouse=True)
def generated() -> None:
    """Run `make clients`: it installs what is missing, and makes every client anew."""
    make = shutil.which("make")
    assert make is not None
    subprocess.run([make, "clients"], cwd=SOURCE.parent.parent, check=True, stdout=sys.stderr)
