"""Writes a published TorchScript model as two ONNX programs, `encode.onnx` and `decode.onnx`."""

import io
import math
import warnings
from collections.abc import Mapping

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import Tensor, nn

from service.artifact.arrays import Floats
from service.artifact.contract import DECODER_FILE, ENCODER_FILE
from service.artifact.runtimes.onnx import ENCODED, IMAGES, LATENTS, open_session

OPSET = 17
BATCH = "batch"
TRACED_ROWS = 2  # a batch of one could be taken for a constant

# ONNX Runtime computes these elements in vectors of up to 16 and rounds what is left over in
# another way. A row of a multiple of 16 leaves nothing over, wherever in its batch it stands.
TAIL_OPERATORS = {"Cos", "Elu", "Log", "Mish", "Sin", "Softplus"}
VECTOR = 16


class _Encoder(nn.Module):
    def __init__(self, model: torch.jit.ScriptModule) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        mean, deviation = self.model.encode(images)
        return mean, deviation


class _Decoder(nn.Module):
    def __init__(self, model: torch.jit.ScriptModule) -> None:
        super().__init__()
        self.model = model

    def forward(self, latents: Tensor) -> Tensor:
        images: Tensor = self.model.decode(latents)
        return images


def export_onnx(
    model: torch.jit.ScriptModule, image_shape: tuple[int, int, int], latent_dim: int
) -> dict[str, bytes]:
    """The two programs by file name. `image_shape` is (channels, height, width).

    The model is put into eval mode and traced, so its code must not branch on values. Publishing
    proves that the programs give what the model gives.
    """
    model.eval()
    images = torch.zeros(TRACED_ROWS, *image_shape)
    latents = torch.zeros(TRACED_ROWS, latent_dim)
    return {
        ENCODER_FILE: _export(_Encoder(model), images, IMAGES, ENCODED),
        DECODER_FILE: _export(_Decoder(model), latents, LATENTS, [IMAGES]),
    }


def _export(module: nn.Module, example: Tensor, takes: str, gives: list[str]) -> bytes:
    file = io.BytesIO()
    with warnings.catch_warnings(), torch.inference_mode():
        # The exporter that is not deprecated cannot read a TorchScript model.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.filterwarnings("ignore", message="no signature found for")
        traced = torch.jit.trace(module, (example,), check_trace=False)  # type: ignore[no-untyped-call]
        torch.onnx.export(
            traced,
            (example,),
            file,  # type: ignore[arg-type]  # a path, says the type; this exporter takes both
            input_names=[takes],
            output_names=gives,
            dynamic_axes={name: {0: BATCH} for name in (takes, *gives)},
            opset_version=OPSET,
            dynamo=False,
        )
    program = onnx.load_from_string(file.getvalue())
    return bytes(pad_rows(program, {takes: example.numpy()}).SerializeToString())


def pad_rows(program: onnx.ModelProto, example: Mapping[str, Floats]) -> onnx.ModelProto:
    """Have the operators that round a vector's tail differently work on whole vectors only.

    Such an operator then takes [rows, values padded to a multiple of 16]; what was padded is cut
    off again, so results stay the same. `example` is a batch of more than one row.
    """
    (batch,) = example.values()
    found = [node for node in program.graph.node if node.op_type in TAIL_OPERATORS]
    shapes = _shapes_of([node.input[0] for node in found], program, example)
    nodes = list[onnx.NodeProto]()
    for node in program.graph.node:
        shape = shapes.get(node.input[0], ()) if node.op_type in TAIL_OPERATORS else ()
        size = math.prod(shape[1:])
        if shape[:1] == (len(batch),) and size % VECTOR:
            nodes += _padded(node, shape[1:], size)
        else:
            nodes.append(node)
    del program.graph.node[:]
    program.graph.node.extend(nodes)
    onnx.checker.check_model(program)
    return program


def _shapes_of(
    names: list[str], program: onnx.ModelProto, example: Mapping[str, Floats]
) -> dict[str, tuple[int, ...]]:
    """Shapes of intermediate results, by running the program: inference does not find them all."""
    names = list(dict.fromkeys(names))
    probe = onnx.ModelProto()
    probe.CopyFrom(program)
    del probe.graph.output[:]
    probe.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    if not names:
        return {}
    results = open_session(probe.SerializeToString()).run(names, dict(example))
    return {name: result.shape for name, result in zip(names, results, strict=True)}


def _padded(node: onnx.NodeProto, row_shape: tuple[int, ...], size: int) -> list[onnx.NodeProto]:
    """The operator on rows of whole vectors."""
    given, result = node.input[0], node.output[0]
    flat, padded, computed, cut = (f"{result}/{part}" for part in ("flat", "pad", "op", "cut"))
    operator = onnx.NodeProto()
    operator.CopyFrom(node)
    operator.input[0], operator.output[0] = padded, computed
    constants = {
        "pads": [0, 0, 0, -size % VECTOR],
        "start": [0],
        "end": [size],
        "axis": [1],
        "shape": [-1, *row_shape],
    }
    names = {name: f"{result}/{name}" for name in constants}
    return [
        *(
            helper.make_node(
                "Constant",
                [],
                [names[name]],
                value=numpy_helper.from_array(np.array(values, np.int64)),
            )
            for name, values in constants.items()
        ),
        helper.make_node("Flatten", [given], [flat], axis=1),
        helper.make_node("Pad", [flat, names["pads"]], [padded]),
        operator,
        helper.make_node("Slice", [computed, names["start"], names["end"], names["axis"]], [cut]),
        helper.make_node("Reshape", [cut, names["shape"]], [result]),
    ]
