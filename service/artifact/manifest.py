"""The manifest: what an artifact says about itself, as strict JSON. It knows no files, no torch."""

import json
import math
from typing import Annotated, Literal, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    field_validator,
    model_validator,
)

# What is written is the last of them; 1 had no measures.
SCHEMA_VERSIONS = (1, 2)

ModelName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Version = Annotated[int, Field(ge=1, le=2**31 - 1)]
FileName = Annotated[str, Field(pattern=r"^([a-z0-9_-]+/)?[a-z0-9_-]+\.[a-z0-9]+$")]
# Whole numbers that every reader of JSON holds exactly.
Count = Annotated[int, Field(ge=0, le=2**53)]
Number = Annotated[float, Field(allow_inf_nan=False, ge=-1e6, le=1e6)]
Coordinates = Annotated[list[Number], Field(min_length=1, max_length=64)]


class Record(BaseModel):
    """Base of the manifest's parts: frozen, strict, no unknown keys, bytes as base64."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64"
    )


class ImageSpec(Record):
    """What the model takes and gives: [channels, height, width] floats in 0..1."""

    channels: Literal[1] = 1
    height: Annotated[int, Field(ge=1, le=1024)]
    width: Annotated[int, Field(ge=1, le=1024)]
    polarity: Literal["white-on-black"] = "white-on-black"


class Dataset(Record):
    """What the model was trained on; `digest` is the SHA-256 of the uncompressed image files."""

    name: str
    digest: str
    class_names: list[str]
    training_images: Annotated[Count, Field(ge=1)]
    validation_images: Count
    held_out_images: Annotated[Count, Field(ge=1)]


class TrainingRecord(Record):
    """How the model came about: enough to make it again and to judge it."""

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
    """A figure by which latent spaces are compared: `value` in `unit`, and what it means."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
    value: Number
    unit: Annotated[str, Field(min_length=1, max_length=64)]
    better: Literal["lower", "higher", "neither"]
    sentence: Annotated[str, Field(min_length=1, max_length=400)]


class LatentStatistics(Record):
    """Where the training images fall in each latent dimension."""

    mean: Coordinates
    standard_deviation: Coordinates
    percentile_1: Coordinates
    percentile_99: Coordinates


class GridBounds(Record):
    """The default lower and upper end of each latent dimension of a grid."""

    minimum: Coordinates
    maximum: Coordinates


class Support(Record):
    """The distance to the nearest reference point up to which a point counts as 'where data lives'.

    It is the 99th percentile, over the reference points, of the distance to the nearest other one.
    """

    distance: Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]


class GoldenImage(Record):
    """An input, as height x width grey levels row by row, and the latents it must give."""

    pixels: bytes
    mean: Coordinates
    standard_deviation: Coordinates


class GoldenPoint(Record):
    """A latent point and the picture it must give, as height x width grey levels row by row."""

    latent: Coordinates
    pixels: bytes


class GoldenVectors(Record):
    """Answers recorded at export, which every load must reproduce."""

    images: Annotated[list[GoldenImage], Field(min_length=1, max_length=64)]
    points: Annotated[list[GoldenPoint], Field(min_length=1, max_length=64)]


class FileRecord(Record):
    """Size in bytes and SHA-256 of a file beside the manifest."""

    size: Count
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Description(Record):
    """What the one who trained a model knows of it; a manifest is this with version and files."""

    name: ModelName
    kind: Literal["ae", "dae", "vae"]
    created: AwareDatetime
    latent_dim: Annotated[int, Field(ge=1, le=64)]
    image: ImageSpec
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
            if len(vector) != self.latent_dim:
                raise ValueError(
                    f"{name} has {len(vector)} values, latent_dim is {self.latent_dim}"
                )
        _check_below("grid_bounds", self.grid_bounds.minimum, self.grid_bounds.maximum)
        statistics = self.latent_statistics
        _check_below("latent_statistics", statistics.percentile_1, statistics.percentile_99)
        pixel_count = self.image.height * self.image.width
        pictures = [image.pixels for image in self.golden.images]
        pictures += [point.pixels for point in self.golden.points]
        for pixels in pictures:
            if len(pixels) != pixel_count:
                raise ValueError(f"a golden picture has {len(pixels)} pixels, not {pixel_count}")
        if len({measure.name for measure in self.measures}) != len(self.measures):
            raise ValueError("measures: each name must be there once")
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

    schema_version: Literal[1, 2]
    version: Version
    files: dict[FileName, FileRecord]

    @model_validator(mode="after")
    def _has_what_its_schema_has(self) -> Self:
        if ("measures" in self.model_fields_set) != (self.schema_version >= 2):
            raise ValueError("measures: expected from schema version 2 on, and only there")
        return self


class SchemaVersion(BaseModel):
    """The one key that is read first, so that a newer manifest is named as such."""

    schema_version: Annotated[int, Field(ge=0, le=2**31 - 1)]


def _check_below(name: str, lower: list[float], upper: list[float]) -> None:
    if not all(
        math.isfinite(high - low) and low < high for low, high in zip(lower, upper, strict=True)
    ):
        raise ValueError(f"{name}: each lower end must lie below its upper end")
