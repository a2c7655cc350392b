"""Tensors as the Open Inference Protocol sends them, and as numpy arrays.

As JSON a tensor is a flat or nested list in row-major order, as bytes little-endian float32. What
a tensor must hold is decided elsewhere; here it is only read whole or refused.
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
# Lists of each depth; pydantic checks a number in a few nanoseconds, and that it is one.
NESTED: Sequence[TypeAdapter[Any]] = [TypeAdapter(kind) for kind in (Row, Plane, Volume, Batch)]


def from_json(data: list[Any], shape: Sequence[int], pointer: str) -> Floats:
    """The array of a flat list, or of lists nested as `shape` says.

    Raises Invalid for what is not finite numbers in that shape.
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
    with np.errstate(over="ignore"):  # infinity is out of every range
        return array.astype(np.float32).reshape(shape)


def from_bytes(raw: bytes, shape: Sequence[int], pointer: str) -> Floats:
    """The array of little-endian float32 values; they need not be finite.

    Raises Invalid where there are more or fewer bytes than `shape` needs.
    """
    expected = math.prod(shape) * WIRE.itemsize
    if len(raw) != expected:
        raise Invalid(f"expected {expected} bytes, found {len(raw)}", pointer)
    return np.frombuffer(raw, WIRE).astype(np.float32).reshape(shape)


def to_bytes(array: Floats) -> bytes:
    """The values in row-major order as little-endian float32."""
    return array.astype(WIRE).tobytes()


def _depth(data: Any) -> int:
    """How deep the first of the lists is nested, at most as deep as a tensor can be."""
    depth = 1
    while depth < len(NESTED) and data and isinstance(data[0], list):
        data, depth = data[0], depth + 1
    return depth
