"""Chooses a run's device, and makes it give the same bits each time."""

import contextlib
import os
from collections.abc import Iterator

import torch

from training.errors import ConfigError


def choose_device(name: str) -> torch.device:
    """`auto` takes the first available one of cuda, mps and cpu. Raises ConfigError."""
    is_available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    chosen = next(key for key in is_available if is_available[key]) if name == "auto" else name
    if not is_available.get(chosen, False):
        here = [key for key in is_available if is_available[key]]
        raise ConfigError(f"device {name!r}: expected auto or one of {', '.join(here)}")
    return torch.device(chosen)


@contextlib.contextmanager
def deterministic(device: torch.device) -> Iterator[None]:
    """Use deterministic kernels on CUDA; on a CPU, the kernels used here always are."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS requires it
    was_enabled = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(was_enabled or device.type == "cuda", warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(was_enabled)
