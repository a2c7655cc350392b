"""The manifest of an artifact: its schema as strict JSON. Reads no files and needs no torch."""

import json
import math
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    field_validator,
    model_validator,
)
from pydantic_core import from_json, to_json

# New artifacts have version 3. Version 1 had no measures; 1 and 2 had only TorchScript.
SCHEMA_VERSIONS = (1, 2, 3)
NEWEST_SCHEMA: Literal[3] = 3
# The schema version that brought each field.
ADDED_FIELDS = {"measures": 2, "latent": 3, "network_outputs": 3, "programs": 3}
MAX_LATENT_DIM = 4096

MODEL_NAME = r"^[a-z0-9][a-z0-9_-]{0,63}$"
Version = Annotated[int, Field(ge=1, le=2**31 - 1)]
FileName = Annotated[str, Field(pattern=r"^([a-z0-9_-]+/)?[a-z0-9_-]+\.[a-z0-9]+$")]
# Whole numbers that every JSON reader represents exactly.
Count = Annotated[int, Field(ge=0, le=2**53)]
Number = Annotated[float, Field(allow_inf_nan=False, ge=-1e6, le=1e6)]
Side = Annotated[int, Field(ge=1, le=1024)]
LatentDim = Annotated[int, Field(ge=1, le=MAX_LATENT_DIM)]
Coordinates = Annotated[list[Number], Field(min_length=1, max_length=MAX_LATENT_DIM)]
Spreads = Annotated[
    list[Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]],
    Field(min_length=1, max_length=MAX_LATENT_DIM),
]


class Record(BaseModel):
    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64"
    )


class ImageSpec(Record):
    """Pictures that the model reads and writes: [channels, height, width] floats in 0..1.

    One channel is grey, three are sRGB.
    """

    channels: Literal[1, 3] = 1
    height: Side
    width: Side
    polarity: Literal["white-on-black"] = "white-on-black"

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.channels, self.height, self.width


class LatentSpec(Record):
    """The latent space: its shape, [D] or [C, h, w], and whether images have a deviation there."""

    shape: Annotated[list[LatentDim], Field(min_length=1, max_length=3)]
    has_standard_deviation: bool


class NetworkOutputs(Record):
    """What the network itself returns. A program always gives mean, deviation and pixels."""

    encoder: Literal["mean", "mean_and_standard_deviation", "mean_and_log_variance"]
    decoder: Literal["pixels", "logits"]


class Program(Record):
    """`batch_invariant`: a row's result has the same bits whatever else is in its batch."""

    batch_invariant: bool


class Programs(Record):
    """What can run the model: `model.pt`; `encode.onnx` and `decode.onnx`; or all of them."""

    torchscript: Program | None = None
    onnx: Program | None = None

    @model_validator(mode="after")
    def _has_one(self) -> Self:
        if not (self.torchscript or self.onnx):
            raise ValueError("expected at least one program")
        return self

    def of(self, runtime: Literal["torchscript", "onnx"]) -> Program | None:
        return self.onnx if runtime == "onnx" else self.torchscript


class Dataset(Record):
    """The training data. `digest` is the SHA-256 of the pictures as they were trained on."""

    name: str
    digest: str
    class_names: list[str]
    training_images: Annotated[Count, Field(ge=1)]
    validation_images: Count
    held_out_images: Annotated[Count, Field(ge=1)]


class TrainingRecord(Record):
    preset: str
    seed: Annotated[int, Field(ge=-(2**53), le=2**53)]
    config: dict[str, JsonValue]
    metrics: dict[str, Number]
    history: list[dict[str, Number]]

    @field_validator("config")
    @classmethod
    def _is_json(cls, config: dict[str, JsonValue]) -> dict[str, JsonValue]:
        json.dumps(config, allow_nan=False)  # NaN and Infinity are ValueErrors
        return config


class Measure(Record):
    """A measure that compares latent spaces: `value` in `unit`; `sentence` explains it."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
    value: Number
    unit: Annotated[str, Field(min_length=1, max_length=64)]
    better: Literal["lower", "higher", "neither"]
    sentence: Annotated[str, Field(min_length=1, max_length=400)]


class LatentStatistics(Record):
    """Statistics of the training images' coordinates, one value per latent dimension."""

    mean: Coordinates
    standard_deviation: Spreads
    percentile_1: Coordinates
    percentile_99: Coordinates


class GridBounds(Record):
    """A grid's default ends in each latent dimension."""

    minimum: Coordinates
    maximum: Coordinates


class Support(Record):
    """A point is in the support if a reference point lies within `distance`.

    `distance` is the 99th percentile of the reference points' distances to their nearest neighbour.
    """

    distance: Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]


class GoldenImage(Record):
    """A picture of height x width grey levels, row by row, and its expected encoding."""

    pixels: bytes
    mean: Coordinates
    standard_deviation: Spreads


class GoldenPoint(Record):
    """A latent point and its expected picture: height x width grey levels, row by row."""

    latent: Coordinates
    pixels: bytes


class GoldenVectors(Record):
    """Answers recorded at export. Every load must reproduce them."""

    images: Annotated[list[GoldenImage], Field(min_length=1, max_length=64)]
    points: Annotated[list[GoldenPoint], Field(min_length=1, max_length=64)]


class FileRecord(Record):
    size: Count  # bytes
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Description(Record):
    """What training knows about a model. A manifest adds version and files."""

    name: Annotated[str, Field(pattern=MODEL_NAME)]
    kind: Literal["ae", "dae", "vae"]
    created: AwareDatetime
    latent_dim: LatentDim
    latent: LatentSpec
    image: ImageSpec
    network_outputs: NetworkOutputs
    dataset: Dataset
    training: TrainingRecord
    measures: Annotated[list[Measure], Field(max_length=64)] = []
    latent_statistics: LatentStatistics
    grid_bounds: GridBounds
    support: Support
    libraries: dict[str, str]
    golden: GoldenVectors

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        for name, vector in self._vectors():
            if (count := len(vector)) != self.latent_dim:
                raise ValueError(f"{name} has {count} values, latent_dim is {self.latent_dim}")
        if (size := math.prod(self.latent.shape)) != self.latent_dim:
            raise ValueError(f"latent.shape holds {size} values, latent_dim is {self.latent_dim}")
        statistics = self.latent_statistics
        _check_below("grid_bounds", self.grid_bounds.minimum, self.grid_bounds.maximum)
        _check_below("latent_statistics", statistics.percentile_1, statistics.percentile_99)
        pixel_count = math.prod(self.image.shape)
        pictures: list[GoldenImage | GoldenPoint] = [*self.golden.images, *self.golden.points]
        for picture in pictures:
            if (count := len(picture.pixels)) != pixel_count:
                raise ValueError(f"a golden picture has {count} values, not {pixel_count}")
        if len({measure.name for measure in self.measures}) != len(self.measures):
            raise ValueError("measures: each name must be unique")
        return self

    def _vectors(self) -> list[tuple[str, list[float]]]:
        return [
            *((f"latent_statistics.{name}", vector) for name, vector in self.latent_statistics),
            *((f"grid_bounds.{name}", vector) for name, vector in self.grid_bounds),
            *(("a golden mean", image.mean) for image in self.golden.images),
            *(("a golden deviation", image.standard_deviation) for image in self.golden.images),
            *(("a golden latent", point.latent) for point in self.golden.points),
        ]


class Manifest(Description):
    """The content of manifest.json."""

    schema_version: Literal[1, 2, 3]
    version: Version
    measures: Annotated[list[Measure], Field(max_length=64)]
    programs: Programs
    files: Annotated[dict[FileName, FileRecord], Field(max_length=256)]


class SchemaVersion(BaseModel):
    """Parsed first, so that the error for a newer manifest names its version."""

    schema_version: Annotated[int, Field(ge=0, le=2**31 - 1)]


def parse_manifest(content: bytes, schema_version: int) -> Manifest:
    """Parse a manifest of this schema version and fill in what older versions lack.

    Raises pydantic.ValidationError, or ValueError for fields that came with a later version.
    """
    if schema_version < NEWEST_SCHEMA:
        values = from_json(content)
        for name, since in ADDED_FIELDS.items():
            if name in values and schema_version < since:
                raise ValueError(f"{name}: expected in schema version {since} and later only")
        content = to_json(_fields_before_3(values) | values)
    return Manifest.model_validate_json(content)


def _fields_before_3(values: dict[str, Any]) -> dict[str, Any]:
    has_deviation = values.get("kind") == "vae"
    encoder = "mean_and_standard_deviation" if has_deviation else "mean"
    return {
        **({"measures": []} if values["schema_version"] == 1 else {}),
        "latent": {
            "shape": [values.get("latent_dim")],
            "has_standard_deviation": has_deviation,
        },
        "network_outputs": {"encoder": encoder, "decoder": "pixels"},
        "programs": {"torchscript": {"batch_invariant": False}},
    }


def _check_below(name: str, lower: list[float], upper: list[float]) -> None:
    if not all(low < high for low, high in zip(lower, upper, strict=True)):
        raise ValueError(f"{name}: each lower end must be less than its upper end")
