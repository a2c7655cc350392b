"""Checks the memory of the service at rest, which docs/performance.md states."""

import re
from pathlib import Path

import pytest

from tests.benchmarks.start import main, start

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="PSS is read from there"),
]

MEGABYTE = 10**6


def test_start_and_memory_are_measured(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--times", "1", "--workers", "1", "--runtimes", "onnx"])

    line = r"onnx, workers 1: ready in \d\.\d\d s, RSS \[\d+\], PSS \[\d+\], together \d+\n"
    assert re.fullmatch(line, capsys.readouterr().out)


def test_two_workers_and_their_starter_stay_within_260_megabytes() -> None:
    found = start("onnx", workers=2)

    # RSS counts shared pages in each process, and how many depends on what the kernel mapped ahead.
    assert sum(found.pss) < 260 * MEGABYTE
