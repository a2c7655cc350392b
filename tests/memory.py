"""Resident memory of a process and its peak, as Linux's /proc has them."""

import re
from pathlib import Path


def resident_bytes(pid: int) -> int:
    """What the process holds now."""
    return _figure(pid, "VmRSS")


def peak_bytes(pid: int) -> int:
    """The most that the process has held since its start, or since `reset_peak`."""
    return _figure(pid, "VmHWM")


def reset_peak(pid: int) -> None:
    """Let the peak count from what the process holds now (proc(5), clear_refs)."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def _figure(pid: int, name: str) -> int:
    found = re.search(rf"{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    if found is None:
        raise RuntimeError(f"process {pid} has no resident memory: it has ended")
    return int(found.group(1)) * 1024
