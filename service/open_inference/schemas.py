"""Bodies of the Open Inference Protocol v2: requests checked strictly, and metadata.

Parameters that are not known are ignored, as the protocol has it; those that would change the
answer, and are not supported, are refused.
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
    """Base of what is read: strict types, frozen, and no fields that the protocol does not have."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Parameters(BaseModel):
    """Base of parameters: the protocol lets clients send others."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class RequestParameters(Parameters):
    """`binary_data_output`: send every output as bytes unless it says otherwise itself."""

    binary_data_output: bool = False


class TensorParameters(Parameters):
    """`binary_data_size`: the tensor is that many bytes behind the JSON."""

    binary_data_size: Annotated[int, Field(ge=0)] | None = None
    shared_memory_region: Unsupported = None


class OutputParameters(Parameters):
    """`binary_data`: send this output as bytes."""

    binary_data: bool | None = None
    classification: Unsupported = None
    shared_memory_region: Unsupported = None


class TensorInput(ProtocolInput):
    """One tensor: its values as `data`, or as bytes behind the JSON."""

    name: Name
    shape: Annotated[list[Size], Field(min_length=1, max_length=4)]
    datatype: Name
    parameters: TensorParameters = TensorParameters()
    data: list[Any] | None = None


class OutputChoice(ProtocolInput):
    """An output that is asked for."""

    name: Name
    parameters: OutputParameters = OutputParameters()


class InferenceInput(ProtocolInput):
    """A request to infer; `outputs` empty or absent: all that the input allows."""

    id: Annotated[str, Field(max_length=256)] | None = None
    parameters: RequestParameters = RequestParameters()
    inputs: Annotated[list[TensorInput], Field(min_length=1, max_length=8)]
    outputs: Annotated[list[OutputChoice], Field(max_length=8)] = []


class ServerMetadata(BaseModel):
    """The answer to GET /v2."""

    name: str
    version: str
    extensions: list[str]


class TensorMetadata(BaseModel):
    """A tensor of a model; -1 stands for the batch."""

    name: str
    datatype: str
    shape: list[int]


class ModelMetadata(BaseModel):
    """The answer to GET /v2/models/{model}."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class Live(BaseModel):
    """The process answers."""

    live: bool = True


class ServerReady(BaseModel):
    """Every model can be asked."""

    ready: bool = True


class ModelReady(BaseModel):
    """This model can be asked."""

    name: str
    ready: bool = True
