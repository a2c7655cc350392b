"""Runs a `model.pt`: TorchScript on the CPU. Nothing else in the service knows torch."""

import contextlib
import warnings
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from service.artifact.archives import open_whole
from service.artifact.arrays import Floats
from service.artifact.errors import ModelUnreadable, one_line

MAX_MODEL_BYTES = 2**30


class TorchScriptModel:
    """A LatentModel. Each call computes in one thread, so answers never depend on the caller."""

    def __init__(self, module: torch.jit.ScriptModule) -> None:
        self._module = module.eval()

    def encode(self, images: Floats) -> tuple[Floats, Floats]:
        """See LatentModel. Raises whatever the model's code raises."""
        with _single_threaded(), torch.inference_mode():
            mean, deviation = self._module.encode(_aligned(images))
        return _array(mean), _array(deviation)

    def decode(self, latents: Floats) -> Floats:
        """See LatentModel. Raises whatever the model's code raises."""
        with _single_threaded(), torch.inference_mode():
            return _array(self._module.decode(_aligned(latents)))


def load_torchscript(path: Path) -> TorchScriptModel:
    """The model in the file. It is code: never pass a path that a request named.

    Raises ModelUnreadable.
    """
    try:
        with open_whole(path, MAX_MODEL_BYTES), torchscript_allowed():
            module = torch.jit.load(str(path), map_location="cpu")  # type: ignore[no-untyped-call]
    except Exception as exc:  # readers of hostile bytes raise nearly every built-in error
        raise ModelUnreadable(f"{path}: expected TorchScript, found: {one_line(exc)}") from exc
    for method in ("encode", "decode"):
        if not hasattr(module, method):
            raise ModelUnreadable(f"{path}: expected a method `{method}`, found none")
    return TorchScriptModel(module)


@contextlib.contextmanager
def torchscript_allowed() -> Iterator[None]:
    """Silence PyTorch's notice that TorchScript is deprecated.

    It is the format that artifacts have, and torch is pinned; see docs/artifact.md.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r".*torch\.jit\.", category=DeprecationWarning)
        yield


@contextlib.contextmanager
def _single_threaded() -> Iterator[None]:
    """Compute with one thread inside.

    The number of threads belongs to the calling thread. With several, matrix products are split
    over all cores: slower for small models, and rounded otherwise.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _aligned(values: Floats) -> Tensor:
    """A copy that begins at a cache line: matrix kernels round otherwise where data does not."""
    return torch.from_numpy(values).clone()


def _array(answer: object) -> Floats:
    if not isinstance(answer, Tensor):
        raise TypeError(f"expected a tensor, found {type(answer).__name__}")
    array: Floats = answer.numpy()
    return array
