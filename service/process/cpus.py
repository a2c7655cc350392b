"""How many CPUs this process may use: its affinity and its container's quota."""

import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")


def available_cpus(cgroup: Path = CGROUP) -> int:
    """CPUs that the scheduler and the cgroup quota allow this process, at least 1.

    A quota of 1.5 CPUs counts as 1: a second thread would be throttled half of the time.
    """
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(usable or 1, int(_quota(cgroup) or usable or 1)))


def _quota(cgroup: Path) -> float | None:
    """CPUs in the quota of cgroup v2 or v1; None if there is no quota."""
    v1 = _read(cgroup / "cpu/cpu.cfs_quota_us") + _read(cgroup / "cpu/cpu.cfs_period_us")
    words = (_read(cgroup / "cpu.max") or v1).split()
    if len(words) != 2 or words[0] in ("max", "-1"):
        return None
    quota, period = map(int, words)
    return quota / period


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
