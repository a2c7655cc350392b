"""What clients send: bodies, queries and paths as strict schemas.

`Limited` marks sizes that a setting limits: it refuses what is over the limit, and puts the limit
into the OpenAPI document.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import (
    BaseModel,
    ConfigDict,
    FailFast,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
)
from pydantic.json_schema import JsonSchemaValue, SkipJsonSchema
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from service.latent.paths import Method
from service.latent.planes import MAX_COORDINATE, MAX_ZOOM, Spacing
from service.operations.encode import Pixels
from service.pictures.fitting import Polarity
from service.settings import Settings

MODEL = "Model name; without it the default model answers."
POLARITY = (
    "The models know light things on black. `auto` inverts a picture whose border is more light "
    "than dark, `keep` and `invert` do as they say."
)


@dataclass(frozen=True)
class Limited:
    """Marks a list or whole number whose maximum length or value is the named setting."""

    setting: str

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Check the limit before the items, so that a refusal is cheap whatever was sent."""
        return core_schema.with_info_before_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Leave the setting's name in the schema, for openapi/ to put its value there."""
        return {**handler(schema), "x-limit": self.setting}

    def _check(self, value: Any, info: ValidationInfo) -> Any:
        limit = getattr(info.context, self.setting) if isinstance(info.context, Settings) else None
        size = len(value) if isinstance(value, list | np.ndarray) else value
        if limit is not None and isinstance(size, int) and size > limit:
            raise PydanticCustomError("limit", "at most {limit} are allowed", {"limit": limit})
        return value


@dataclass(frozen=True)
class OrArray:
    """Marks lists of numbers from 0 to 1 that a reader may give as an array: `lists` is their type.

    An array with other numbers in it is checked as lists, which tells where they are.
    """

    lists: Any

    def __get_pydantic_core_schema__(self, _: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler.generate_schema(self.lists)
        return core_schema.no_info_wrap_validator_function(self._check, schema)

    def _check(self, value: Any, check: ValidatorFunctionWrapHandler) -> Any:
        if not isinstance(value, np.ndarray):
            return check(value)
        is_right = value.min() >= 0 and value.max() <= 1
        return value if is_right else check(value.tolist())


Coordinate = Annotated[float, Field(ge=-MAX_COORDINATE, le=MAX_COORDINATE, allow_inf_nan=False)]
Point = Annotated[list[Coordinate], Field(min_length=1, max_length=64), FailFast()]
PixelValue = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
PixelRow = Annotated[list[PixelValue], Field(min_length=1), FailFast()]
PixelRows = Annotated[list[PixelRow], Field(min_length=1), FailFast()]
PixelLists = Annotated[list[PixelRows], Field(min_length=1), FailFast()]

ModelChoice = Annotated[
    str | None,
    Field(max_length=64, description=MODEL),
]


class Body(BaseModel):
    """Base of request bodies: strict types, no unknown fields."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


def _without_default(schema: dict[str, Any]) -> None:
    del schema["default"]


class EncodeInput(Body):
    """Picture files and what to do with them, as multipart/form-data."""

    # No minItems or maxItems: with them some generated clients do not compile.
    images: list[bytes] = Field(description="Picture files: PNG, JPEG, WebP, GIF or BMP.")
    # A form knows no null; some clients would send the word.
    model: Annotated[str | SkipJsonSchema[None], Field(max_length=64)] = Field(
        None, description=MODEL, json_schema_extra=_without_default
    )
    polarity: Polarity = Field("auto", description=POLARITY)


class EncodePictureQuery(BaseModel):
    """The query of /encode/picture: what to do with the picture."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: ModelChoice = None
    polarity: Polarity = Field("auto", description=POLARITY)


class EncodePixelsInput(Body):
    """Images as rows of pixel values, in the model's own size and polarity (white on black)."""

    model: ModelChoice = None
    images: Annotated[Pixels, OrArray(PixelLists), Limited("max_images")] = Field(
        description="One or more images, each a list of rows of values from 0 to 1."
    )


class DecodePixelsInput(Body):
    """Latent points to decode; as many as images may be sent."""

    model: ModelChoice = None
    latents: Annotated[list[Point], Field(min_length=1), FailFast(), Limited("max_images")] = Field(
        description="One or more latent points, each as long as the model's latent_dim."
    )


class DecodeInput(Body):
    """Latent points to decode, and how to lay their pictures out."""

    model: ModelChoice = None
    latents: Annotated[list[Point], Field(min_length=1), FailFast(), Limited("max_latents")] = (
        Field(description="One or more latent points, each as long as the model's latent_dim.")
    )
    columns: Annotated[int | None, Field(ge=1), Limited("max_tiles")] = Field(
        None, description="Tiles in a row; without it the mosaic is as square as possible."
    )
    scale: Annotated[int, Field(ge=1), Limited("max_scale")] = Field(
        1, description="Enlargement by whole pixels."
    )


class InterpolateInput(Body):
    """Latent points to join by a path, and how."""

    model: ModelChoice = None
    latents: Annotated[list[Point], Field(min_length=2), FailFast(), Limited("max_latents")] = (
        Field(description="Two or more latent points, each as long as the model's latent_dim.")
    )
    method: Method = Field(
        "linear",
        description="`linear` goes straight; `spherical` turns around the origin, while the "
        "distance from it changes in equal steps.",
    )
    steps: Annotated[int, Field(ge=1), Limited("max_latents")] = Field(
        8, description="From each point to the next."
    )
    scale: Annotated[int, Field(ge=1), Limited("max_scale")] = Field(
        1, description="Enlargement by whole pixels."
    )


class AnimateInput(InterpolateInput):
    """Latent points to join by a path, and how to show it as an animation."""

    frame_milliseconds: Annotated[int, Field(ge=20, le=10_000)] = Field(
        80, description="Time that each picture is shown."
    )
    bounce: bool = Field(False, description="Whether to go back the same way at the end.")


class GridQuery(BaseModel):
    """The query of /grid. What settings limit is checked where the grid is made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: ModelChoice = None
    rows: Annotated[int, Field(ge=1, description="Points along y."), Limited("max_tiles")] = 21
    columns: Annotated[int, Field(ge=1, description="Points along x."), Limited("max_tiles")] = 21
    x_min: Annotated[Coordinate | None, Field(description="Left end; see `bounds`.")] = None
    x_max: Annotated[Coordinate | None, Field(description="Right end; see `bounds`.")] = None
    y_min: Annotated[Coordinate | None, Field(description="Lower end; see `bounds`.")] = None
    y_max: Annotated[Coordinate | None, Field(description="Upper end; see `bounds`.")] = None
    bounds: Annotated[
        Literal["standard", "data"],
        Field(
            description="Ends that are not given: `standard` takes the model's grid bounds, -4 "
            "to 4; `data` the 1st and 99th percentile of its training images."
        ),
    ] = "standard"
    spacing: Annotated[
        Spacing,
        Field(description="Equal steps of the coordinate, or of prior probability (quantile)."),
    ] = "linear"
    scale: Annotated[
        int, Field(ge=1, description="Enlargement by whole pixels."), Limited("max_scale")
    ] = 1


class ModelPath(BaseModel):
    """A path that names a model."""

    name: str = Field(description="Name of a model, as /models lists it.")


class MapPath(BaseModel):
    """A path that names the model of a map."""

    model: str = Field(description="Name of a model, as /models lists it.")


class TilePath(MapPath):
    """The place of a map tile. Its limits are documented, not checked: beyond them is no tile."""

    z: int = Field(
        description="Zoom; each level halves the latent step.",
        json_schema_extra={"minimum": 0, "maximum": MAX_ZOOM},
    )
    x: int = Field(
        description="Column, 0 at the left, below 2^z.",
        json_schema_extra={"minimum": 0, "maximum": 2**MAX_ZOOM - 1},
    )
    y: int = Field(
        description="Row, 0 at the top, below 2^z.",
        json_schema_extra={"minimum": 0, "maximum": 2**MAX_ZOOM - 1},
    )
