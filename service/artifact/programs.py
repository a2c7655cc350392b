"""The programs of a version: which one runs it, and what is measured of each."""

import sys
from collections.abc import Iterable, Set
from pathlib import Path
from typing import Literal

from service.artifact.contract import (
    DECODER_FILE,
    ENCODER_FILE,
    MODEL_FILE,
    LatentModel,
    RuntimeName,
)
from service.artifact.errors import ModelUnreadable, ProgramMissing
from service.artifact.invariance import is_batch_invariant
from service.artifact.manifest import Description, Program, Programs
from service.artifact.runtimes.onnx import load_onnx

RuntimeChoice = Literal["auto", "onnx", "torchscript"]

# The first version of Python on which torch does not support TorchScript.
NO_TORCHSCRIPT = (3, 14)
# The rounding must not change when several threads share a batch.
PUBLISHED_THREADS = (1, 4)


def choose_runtime(folder: Path, programs: Programs, choice: RuntimeChoice) -> RuntimeName:
    """The runtime that serves the version in this folder; `auto` prefers ONNX.

    Raises ProgramMissing if the version has no program for it.
    """
    if choice == "auto":
        return "onnx" if programs.onnx else "torchscript"
    if programs.of(choice) is None:
        raise ProgramMissing(
            f"{folder}: expected a program for the runtime {choice}, found none; "
            f"`python -m training republish {folder}` adds it"
        )
    return choice


def load_program(folder: Path, runtime: RuntimeName, threads: int = 1) -> LatentModel:
    """Load the version's program for this runtime. Raises ModelUnreadable.

    `threads` compute each call of ONNX Runtime; TorchScript always uses one.
    """
    if runtime == "onnx":
        return load_onnx(folder / ENCODER_FILE, folder / DECODER_FILE, threads)
    if sys.version_info >= NO_TORCHSCRIPT:
        raise _not_here(folder, "does not run on Python {}.{} or newer".format(*NO_TORCHSCRIPT))
    try:
        # Importing torch takes seconds and 150 MB, so only a version that needs it pays.
        from service.artifact.runtimes.torchscript import load_torchscript
    except ImportError as exc:
        raise _not_here(folder, "needs torch, which is not installed here") from exc
    return load_torchscript(folder / MODEL_FILE)


def _not_here(folder: Path, why: str) -> ModelUnreadable:
    """TorchScript cannot run this version here."""
    return ModelUnreadable(
        f"{folder / MODEL_FILE}: TorchScript {why}; ONNX Runtime runs here: "
        f"`python -m training republish {folder}` adds ONNX to a version without it"
    )


def measure_programs(
    folder: Path, description: Description, runtimes: Set[RuntimeName], sizes: Iterable[int]
) -> Programs:
    """Measure whether each of these programs is batch invariant. Raises ModelUnreadable."""
    measured = dict[RuntimeName, Program]()
    for runtime in runtimes:
        threads = PUBLISHED_THREADS if runtime == "onnx" else (1,)
        models = (load_program(folder, runtime, count) for count in threads)
        shape, latent_dim = description.image.shape, description.latent_dim
        is_invariant = all(is_batch_invariant(it, shape, latent_dim, sizes) for it in models)
        measured[runtime] = Program(batch_invariant=is_invariant)
    return Programs(**measured)
