import subprocess
import sys

import pytest


@pytest.mark.slow
def test_steps_of_each_kind_of_request_are_timed() -> None:
    command = [sys.executable, "-m", "tests.benchmarks.budget", "--rounds", "2"]

    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    for heading in ("image, JSON, 1", "image, JSON, 64", "PNG file, 1", "PNG file, 64"):
        assert f"encode 1 {heading} at once" in shown
    assert "us    of it simdjson" in shown
    assert "us    fit it to the model" in shown
