"""Inference on tensors: checks a request and computes its outputs.

`images` [B, 1, H, W] gives `latents` and `standard_deviation` [B, D]; `latents` [B, D] gives
`pixels` [B, 1, H, W].
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from pydantic_core import to_json

from service.artifact.arrays import Floats
from service.artifact.contract import Artifact, RuntimeName
from service.errors import Invalid
from service.latent.planes import MAX_COORDINATE
from service.open_inference import tensors
from service.open_inference.schemas import InferenceInput, TensorInput
from service.operations.lists import numbers_json
from service.serving.inference import decode, encode
from service.serving.work import IMAGES, Batch, ItemKind, Program, Work, size_of_drawing
from service.settings import Settings

# Triton's names.
PLATFORMS: Mapping[RuntimeName, str] = {
    "onnx": "onnxruntime_onnx",
    "torchscript": "pytorch_libtorch",
}
BATCH = -1


@dataclass(frozen=True)
class Reply:
    """JSON, and the bytes of outputs that follow it."""

    header: bytes
    binary: bytes


@dataclass(frozen=True)
class InputKind:
    """One of the two inputs: its limits, and what the model computes from it."""

    shape: tuple[int, ...]
    minimum: float
    maximum: float
    max_batch: int
    counted_as: ItemKind
    size: float  # of the work
    outputs: tuple[str, ...]  # in the order of what the program returns
    program: Program


def describe(artifact: Artifact) -> bytes:
    """The model's metadata as JSON. A request has one of the two inputs."""
    manifest = artifact.manifest
    images = [BATCH, 1, manifest.image.height, manifest.image.width]
    latents = [BATCH, manifest.latent_dim]
    return to_json(
        {
            "name": manifest.name,
            "versions": [str(manifest.version)],
            "platform": PLATFORMS[artifact.runtime],
            "inputs": [_metadata("images", images), _metadata("latents", latents)],
            "outputs": [
                _metadata("latents", latents),
                _metadata("standard_deviation", latents),
                _metadata("pixels", images),
            ],
        }
    )


def plan_inference(
    artifact: Artifact, settings: Settings, request: InferenceInput, binary: bytes
) -> Work[Reply]:
    """Plan the requested outputs. `binary` follows the request's JSON. Raises Invalid."""
    tensor = request.inputs[0]
    count = tensor.shape[0]
    kinds = _kinds(artifact, settings, count)
    if len(request.inputs) != 1 or tensor.name not in kinds:
        raise Invalid("expected one input, named images or latents", "/body/inputs")
    kind = kinds[tensor.name]
    _check(request, tensor, kind, binary)
    prepare = partial(_read, artifact, request, tensor, kind, binary)
    return Work(artifact, prepare, kind.size, kind.counted_as, count)


def _metadata(name: str, shape: Sequence[int]) -> dict[str, Any]:
    return {"name": name, "datatype": tensors.DATATYPE, "shape": shape}


def _kinds(artifact: Artifact, settings: Settings, count: int) -> Mapping[str, InputKind]:
    image, latent_dim = artifact.manifest.image, artifact.manifest.latent_dim
    max_drawn = settings.max_output_numbers // (image.height * image.width)
    return {
        "images": InputKind(
            shape=(1, image.height, image.width),
            minimum=0,
            maximum=1,
            max_batch=settings.max_images,
            counted_as="images",
            size=count / IMAGES,
            outputs=("latents", "standard_deviation"),
            program=encode,
        ),
        "latents": InputKind(
            shape=(latent_dim,),
            minimum=-MAX_COORDINATE,
            maximum=MAX_COORDINATE,
            max_batch=min(settings.max_latents, max_drawn),
            counted_as="latents",
            size=size_of_drawing(artifact, count),
            outputs=("pixels",),
            program=decode,
        ),
    }


def _check(request: InferenceInput, tensor: TensorInput, kind: InputKind, binary: bytes) -> None:
    """Check everything but the values."""
    if tensor.datatype != tensors.DATATYPE:
        raise Invalid(f"expected {tensors.DATATYPE}", "/body/inputs/0/datatype")
    if tuple(tensor.shape[1:]) != kind.shape:
        raise Invalid(f"expected {[BATCH, *kind.shape]}", "/body/inputs/0/shape")
    if tensor.shape[0] > kind.max_batch:
        raise Invalid(f"a batch of at most {kind.max_batch} is allowed", "/body/inputs/0/shape/0")
    size = tensor.parameters.binary_data_size
    if (tensor.data is None) == (size is None):
        raise Invalid("expected either data or binary_data_size", "/body/inputs/0")
    if len(binary) != (size or 0):
        raise Invalid(f"{size or 0} bytes were announced, {len(binary)} came", "/body/inputs/0")
    names = [output.name for output in request.outputs]
    if not set(names) <= set(kind.outputs) or len(set(names)) < len(names):
        expected = " and ".join(kind.outputs)
        raise Invalid(f"{tensor.name} gives {expected}, each once", "/body/outputs")


def _read(
    artifact: Artifact, request: InferenceInput, tensor: TensorInput, kind: InputKind, binary: bytes
) -> Batch[Reply]:
    pointer = "/body/inputs/0"
    if tensor.data is None:
        values = tensors.from_bytes(binary, tensor.shape, pointer)
    else:
        values = tensors.from_json(tensor.data, tensor.shape, f"{pointer}/data")
    if not ((values >= kind.minimum) & (values <= kind.maximum)).all():  # true for NaN
        raise Invalid(f"expected values from {kind.minimum:g} to {kind.maximum:g}", pointer)
    rows = values[:, 0] if kind.counted_as == "images" else values
    return Batch(kind.program, rows, partial(_write, artifact, request, kind), pointer)


def _write(artifact: Artifact, request: InferenceInput, kind: InputKind, *arrays: Floats) -> Reply:
    results = dict(zip(kind.outputs, arrays, strict=False))  # `encode` gives the support as well
    if "pixels" in results:
        results["pixels"] = results["pixels"][:, np.newaxis]
    requested = {output.name: output.parameters.binary_data for output in request.outputs}
    outputs, parts = list[bytes](), list[bytes]()
    for name in requested or kind.outputs:
        result, as_bytes = results[name], requested.get(name)
        output = _metadata(name, result.shape)
        if request.parameters.binary_data_output if as_bytes is None else as_bytes:
            parts.append(tensors.to_bytes(result))
            output["parameters"] = {"binary_data_size": len(parts[-1])}
            outputs.append(to_json(output))
        else:
            numbers = numbers_json(result)
            outputs.append(b"".join((to_json(output)[:-1], b',"data":[', numbers, b"]}")))
    manifest = artifact.manifest
    answer = {"model_name": manifest.name, "model_version": str(manifest.version)}
    named = {} if request.id is None else {"id": request.id}
    header = (to_json({**answer, **named})[:-1], b',"outputs":[', b",".join(outputs), b"]}")
    return Reply(b"".join(header), b"".join(parts))
