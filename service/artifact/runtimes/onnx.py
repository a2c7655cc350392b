"""Runs `encode.onnx` and `decode.onnx` with ONNX Runtime on the CPU. Needs no torch.

Only this module imports ONNX Runtime, because it switches something off first.
"""

import os
from pathlib import Path

# ONNX Runtime reads this once, when it is imported. Otherwise it starts a thread that sends names
# and hashes of models to its maker, and writes an identifier of the machine into the home folder.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime

from service.artifact.arrays import Floats
from service.artifact.errors import ModelUnreadable, one_line

MAX_MODEL_BYTES = 2**30  # of each file
# Names of what the programs take and give.
IMAGES, LATENTS = "images", "latents"
ENCODED = ["mean", "standard_deviation"]


class OnnxModel:
    """A LatentModel. Its methods raise what ONNX Runtime raises."""

    def __init__(
        self, encoder: onnxruntime.InferenceSession, decoder: onnxruntime.InferenceSession
    ) -> None:
        self._encoder, self._decoder = encoder, decoder

    def encode(self, images: Floats) -> tuple[Floats, Floats]:
        mean, deviation = self._encoder.run(ENCODED, {IMAGES: images})
        return mean, deviation

    def decode(self, latents: Floats) -> Floats:
        images: Floats = self._decoder.run([IMAGES], {LATENTS: latents})[0]
        return images


def load_onnx(encoder: Path, decoder: Path, threads: int = 1) -> OnnxModel:
    """Load both programs; `threads` compute each call. Raises ModelUnreadable."""
    return OnnxModel(_load(encoder, threads), _load(decoder, threads))


def open_session(program: bytes, threads: int = 1) -> onnxruntime.InferenceSession:
    """A session that runs this program on the CPU. Raises what ONNX Runtime raises."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Otherwise idle threads spin and keep their cores busy between calls.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4  # an error is raised as well
    return onnxruntime.InferenceSession(program, options, providers=["CPUExecutionProvider"])


def _load(path: Path, threads: int) -> onnxruntime.InferenceSession:
    try:
        if (size := path.stat().st_size) > MAX_MODEL_BYTES:
            raise ValueError(f"{size} bytes, more than {MAX_MODEL_BYTES}")
        # From bytes, a program cannot name other files that hold its weights.
        return open_session(path.read_bytes(), threads)
    except Exception as exc:  # on hostile bytes, ONNX Runtime raises errors of its own
        raise ModelUnreadable(f"{path}: expected ONNX, found: {one_line(exc)}") from exc
