"""Generates the clients once, with the documented command."""

import shutil
import subprocess
import sys

import pytest

from tests.clients.generate import SOURCE


@pytest.fixture(scope="session", autouse=True)
def generated() -> None:
    """Run `make clients`, which installs missing tools and generates every client."""
    make = shutil.which("make")
    assert make is not None
    subprocess.run([make, "clients"], cwd=SOURCE.parent.parent, check=True, stdout=sys.stderr)
