import os
from pathlib import Path

import pytest

from service.process.cpus import available_cpus


@pytest.mark.parametrize(
    ("content", "cpus"), [("100000 100000", 1), ("150000 100000", 1), ("50000 100000", 1)]
)
def test_quota_of_cgroup_v2_counts(tmp_path: Path, content: str, cpus: int) -> None:
    (tmp_path / "cpu.max").write_text(content)

    assert available_cpus(tmp_path) == cpus


def test_quota_of_cgroup_v1_counts(tmp_path: Path) -> None:
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("100000\n")
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000\n")

    assert available_cpus(tmp_path) == 1


@pytest.mark.parametrize("content", ["max 100000", "999900000 100000", ""])
def test_without_a_tighter_quota_the_affinity_counts(tmp_path: Path, content: str) -> None:
    (tmp_path / "cpu.max").write_text(content)

    assert available_cpus(tmp_path) == len(os.sched_getaffinity(0))
