"""Runs a `model.pt`: TorchScript on the CPU. Only this module of the service imports torch.

`programs.py` imports it only for versions that need it, so a process that serves ONNX never does.
"""

import contextlib
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from service.artifact.archives import open_whole
from service.artifact.arrays import Floats
from service.artifact.errors import ModelUnreadable, one_line

MAX_MODEL_BYTES = 2**30


class TorchScriptModel:
    """A LatentModel. Its methods raise whatever the model's code raises."""

    def __init__(self, module: torch.jit.ScriptModule) -> None:
        module.eval()
        # Looking up a method of a script module takes microseconds.
        self._encode, self._decode = module.encode, module.decode

    def encode(self, images: Floats) -> tuple[Floats, Floats]:
        mean, deviation = _run(self._encode, images)
        return _array(mean), _array(deviation)

    def decode(self, latents: Floats) -> Floats:
        return _array(_run(self._decode, latents))


def load_torchscript(path: Path) -> TorchScriptModel:
    """Load a model. The file is code: never pass a path that comes from a request.

    Raises ModelUnreadable.
    """
    return TorchScriptModel(load_module(path))


def load_module(path: Path) -> torch.jit.ScriptModule:
    """The module itself. Raises ModelUnreadable."""
    try:
        with open_whole(path, MAX_MODEL_BYTES), torchscript_allowed():
            module: torch.jit.ScriptModule = torch.jit.load(str(path), map_location="cpu")  # type: ignore[no-untyped-call]
    except Exception as exc:  # on hostile bytes, torch raises nearly every built-in error
        raise ModelUnreadable(f"{path}: expected TorchScript, found: {one_line(exc)}") from exc
    for method in ("encode", "decode"):
        if not hasattr(module, method):
            raise ModelUnreadable(f"{path}: expected a method `{method}`, found none")
    return module


@contextlib.contextmanager
def torchscript_allowed() -> Iterator[None]:
    """Silence PyTorch's warning that TorchScript is deprecated.

    Artifacts have this format, and torch is pinned: docs/artifact.md.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r".*torch\.jit\.", category=DeprecationWarning)
        yield


def _run(method: Callable[[Tensor], Any], values: Floats) -> Any:
    """Call the method so that equal values give equal bits in any thread, at any address.

    Several torch threads split matrix products, which is slower for small models and changes the
    rounding. So does data that is not aligned to a cache line; a clone is aligned.
    """
    threads = torch.get_num_threads()  # a setting of the calling thread
    torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            return method(torch.from_numpy(values).clone())
    finally:
        torch.set_num_threads(threads)


def _array(answer: object) -> Floats:
    if not isinstance(answer, Tensor):
        raise TypeError(f"expected a tensor, found {type(answer).__name__}")
    array: Floats = answer.numpy()
    return array
