"""How many CPUs this process may use: affinity and container quota, not what the host has."""

import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")


def available_cpus(cgroup: Path = CGROUP) -> int:
    """The CPUs that the scheduler and the cgroup quota leave to this process, at least 1.

    A quota of 1.5 CPUs counts as 1: a second thread would be throttled half of the time.
    """
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    quota = _quota_v2(cgroup) or _quota_v1(cgroup)
    return max(1, min(usable or 1, int(quota or usable or 1)))


def _quota_v2(cgroup: Path) -> float | None:
    words = _read(cgroup / "cpu.max").split()
    if len(words) != 2 or words[0] == "max":
        return None
    return int(words[0]) / int(words[1])


def _quota_v1(cgroup: Path) -> float | None:
    quota = _read(cgroup / "cpu" / "cpu.cfs_quota_us").strip()
    period = _read(cgroup / "cpu" / "cpu.cfs_period_us").strip()
    if not quota or not period or int(quota) < 0:
        return None
    return int(quota) / int(period)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
