"""Runs a `model.pt`: TorchScript on the CPU. Nothing else in the service knows torch."""

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
    """A LatentModel."""

    def __init__(self, module: torch.jit.ScriptModule) -> None:
        module.eval()
        # Looking a method up in a script module takes microseconds.
        self._encode, self._decode = module.encode, module.decode

    def encode(self, images: Floats) -> tuple[Floats, Floats]:
        """See LatentModel. Raises whatever the model's code raises."""
        mean, deviation = _run(self._encode, images)
        return _array(mean), _array(deviation)

    def decode(self, latents: Floats) -> Floats:
        """See LatentModel. Raises whatever the model's code raises."""
        return _array(_run(self._decode, latents))


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


def _run(method: Callable[[Tensor], Any], values: Floats) -> Any:
    """The method's answer, computed so that it depends neither on the caller nor on the memory.

    With several threads, matrix products are split over all cores: slower for small models, and
    rounded otherwise. So are those of data that does not begin at a cache line, as a copy does. The
    number of threads belongs to the calling thread, which gets it back.
    """
    threads = torch.get_num_threads()
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
