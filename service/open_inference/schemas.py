"""Request bodies of the Open Inference Protocol v2.

As the protocol says, unknown parameters are ignored. Known ones that would change the response but
are not supported are refused.
"""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

Size = Annotated[int, Field(ge=1, le=2**31 - 1)]
Name = Annotated[str, Field(max_length=64)]


def _refuse(value: Any) -> None:
    if value is not None:
        raise PydanticCustomError("unsupported", "this is not supported here")


Unsupported = Annotated[None, BeforeValidator(_refuse)]


class ProtocolInput(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Parameters(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class RequestParameters(Parameters):
    binary_data_output: bool = False  # the default of OutputParameters.binary_data


class TensorParameters(Parameters):
    binary_data_size: Annotated[int, Field(ge=0)] | None = None  # the tensor's bytes after the JSON
    shared_memory_region: Unsupported = None


class OutputParameters(Parameters):
    binary_data: bool | None = None  # send this output as bytes
    classification: Unsupported = None
    shared_memory_region: Unsupported = None


class TensorInput(ProtocolInput):
    """A tensor with its values in `data`, or as bytes after the JSON."""

    name: Name
    shape: Annotated[list[Size], Field(min_length=1, max_length=4)]
    datatype: Name
    parameters: TensorParameters = TensorParameters()
    data: list[Any] | None = None


class OutputChoice(ProtocolInput):
    name: Name
    parameters: OutputParameters = OutputParameters()


class InferenceInput(ProtocolInput):
    """An inference request. If `outputs` is empty, the response has all outputs."""

    id: Annotated[str, Field(max_length=256)] | None = None
    parameters: RequestParameters = RequestParameters()
    inputs: Annotated[list[TensorInput], Field(min_length=1, max_length=8)]
    outputs: Annotated[list[OutputChoice], Field(max_length=8)] = []
