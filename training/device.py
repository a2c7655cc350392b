"""Where a run computes: which device, and that it gives the same bits each time."""

import contextlib
import os
from collections.abc import Iterator

import torch

from training.errors import ConfigError


def choose_device(name: str) -> torch.device:
    """`auto` is the first of cuda, mps and cpu that is there. Raises ConfigError."""
    is_available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    chosen = next(key for key in is_available if is_available[key]) if name == "auto" else name
    if not is_available.get(chosen, False):
        raise ConfigError(f"device {name!r}: expected auto, cuda, mps or cpu, and one that is here")
    return torch.device(chosen)


@contextlib.contextmanager
def deterministic(device: torch.device) -> Iterator[None]:
    """On CUDA, kernels that give the same bits each time; those used here on a CPU always do."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # what cuBLAS asks for
    was_enabled = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(was_enabled or device.type == "cuda", warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(was_enabled)
