"""Converts tensors of the Open Inference Protocol to and from numpy arrays.

In JSON a tensor is a flat or nested list in row-major order, as bytes it is little-endian float32.
This module checks shapes and types. `infer` checks the range of values.
"""

import math
from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import FailFast, Field, TypeAdapter, ValidationError

from service.artifact.arrays import Floats
from service.errors import Invalid

DATATYPE = "FP32"
WIRE = np.dtype("<f4")

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Row = Annotated[list[Number], FailFast()]
Plane = Annotated[list[Row], FailFast()]
Volume = Annotated[list[Plane], FailFast()]
Batch = Annotated[list[Volume], FailFast()]
# Lists of each depth. pydantic checks the type of a number in a few nanoseconds.
NESTED: Sequence[TypeAdapter[Any]] = [TypeAdapter(kind) for kind in (Row, Plane, Volume, Batch)]


def from_json(data: list[Any], shape: Sequence[int], pointer: str) -> Floats:
    """The array of a flat list, or of lists nested as in `shape`.

    Raises Invalid unless they are finite numbers in that shape.
    """
    try:
        numbers = NESTED[_depth(data) - 1].validate_python(data)
        array = np.array(numbers, np.float64)
    except ValidationError as exc:
        raise Invalid(exc.errors()[0]["msg"], pointer) from exc
    except ValueError as exc:
        raise Invalid("the lists differ in length", pointer) from exc
    if array.ndim > 1 and array.shape != tuple(shape):
        raise Invalid(f"expected a flat list or the shape {list(shape)}", pointer)
    if array.size != math.prod(shape):
        raise Invalid(f"expected {math.prod(shape)} numbers, found {array.size}", pointer)
    with np.errstate(over="ignore"):  # infinity fails every range check
        return array.astype(np.float32).reshape(shape)


def from_bytes(raw: bytes, shape: Sequence[int], pointer: str) -> Floats:
    """The array of little-endian float32 values, which may not be finite.

    Raises Invalid unless there are as many bytes as `shape` needs.
    """
    expected = math.prod(shape) * WIRE.itemsize
    if len(raw) != expected:
        raise Invalid(f"expected {expected} bytes, found {len(raw)}", pointer)
    return np.frombuffer(raw, WIRE).astype(np.float32).reshape(shape)


def to_bytes(array: Floats) -> bytes:
    return array.astype(WIRE).tobytes()


def _depth(data: Any) -> int:
    """How deep the first list is nested, at most the depth of a tensor."""
    depth = 1
    while depth < len(NESTED) and data and isinstance(data[0], list):
        data, depth = data[0], depth + 1
    return depth
