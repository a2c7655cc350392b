"""Request and response bodies, as clients see them.

Sizes that a setting limits are marked with `Limited`: the same mark refuses what is over the limit
and puts the limit into the OpenAPI document.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    FailFast,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationInfo,
)
from pydantic.json_schema import JsonSchemaValue, SkipJsonSchema
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from service import documents
from service.images import Polarity
from service.lattice import Spacing
from service.paths import Method
from service.settings import Settings

# Latent coordinates are bounded so that no decoder is asked for what float32 cannot hold; an
# unstandardised autoencoder's own codes reach some tens.
MAX_COORDINATE = 1000.0


@dataclass(frozen=True)
class Limited:
    """Marks a list or whole number whose largest length or value is the named setting."""

    setting: str

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Check the limit before the items, so that refusing is cheap whatever was sent."""
        return core_schema.with_info_before_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Leave the setting's name in the schema; `openapi` puts the number in its place."""
        return {**handler(schema), "x-limit": self.setting}

    def _check(self, value: Any, info: ValidationInfo) -> Any:
        limit = getattr(info.context, self.setting) if isinstance(info.context, Settings) else None
        size = len(value) if isinstance(value, list) else value
        if limit is not None and isinstance(size, int) and size > limit:
            raise PydanticCustomError("limit", "at most {limit} are allowed", {"limit": limit})
        return value


Coordinate = Annotated[float, Field(ge=-MAX_COORDINATE, le=MAX_COORDINATE, allow_inf_nan=False)]
Point = Annotated[list[Coordinate], Field(min_length=1, max_length=64), FailFast()]
PixelValue = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
PixelRow = Annotated[list[PixelValue], Field(min_length=1), FailFast()]
PixelRows = Annotated[list[PixelRow], Field(min_length=1), FailFast()]

ModelChoice = Annotated[
    str | None,
    Field(max_length=64, description="Model name; without it the default model answers."),
]


class Body(BaseModel):
    """Base of request bodies: strict types, no unknown fields."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


def _without_default(schema: dict[str, Any]) -> None:
    del schema["default"]


class EncodeInput(Body):
    """Picture files and what to do with them, as multipart/form-data."""

    # No minItems or maxItems: with them some generated clients do not compile.
    images: list[bytes] = Field(description=documents.IMAGES)
    # A form knows no null; some clients would send the word.
    model: Annotated[str | SkipJsonSchema[None], Field(max_length=64)] = Field(
        None, description=documents.MODEL, json_schema_extra=_without_default
    )
    polarity: Polarity = Field("auto", description=documents.POLARITY)


class EncodePixelsInput(Body):
    """Images as rows of pixel values, in the model's own size and polarity (white on black)."""

    model: ModelChoice = None
    images: Annotated[list[PixelRows], Field(min_length=1), FailFast(), Limited("max_images")] = (
        Field(description="One or more images, each a list of rows of values from 0 to 1.")
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
    """The query of /grid. Limits that depend on settings are checked where the grid is made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: ModelChoice = None
    rows: Annotated[int, Field(ge=1, description="Points along y.")] = 21
    columns: Annotated[int, Field(ge=1, description="Points along x.")] = 21
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
    scale: Annotated[int, Field(ge=1, description="Enlargement by whole pixels.")] = 1


class EncodedImage(BaseModel):
    """Where one image lies in latent space."""

    mean: list[float] = Field(description="Mean of the latent distribution.")
    standard_deviation: list[float] = Field(description="Its standard deviation; 0 for an AE.")
    in_support: bool = Field(
        description="Whether held-out images of the data set lie near the mean: at most as far as "
        "99 % of them are from their nearest neighbour."
    )
    applied: list[str] = Field(description="What was done to the picture before encoding it.")


class EncodeOutput(BaseModel):
    """One entry an image, in the order they were sent."""

    model: str
    version: int
    latents: list[EncodedImage]


class ReconstructionError(BaseModel):
    """How far a reconstruction is from its image."""

    mean_squared_error: float = Field(description="Averaged over pixels.")
    binary_cross_entropy: float = Field(description="Nats, summed over pixels.")


class ReconstructedImage(EncodedImage):
    """Where one image lies in latent space, and what the model makes of it there."""

    image: list[list[float]] = Field(
        description="What the model was given: rows of values from 0 (background) to 1."
    )
    reconstruction: list[list[float]] = Field(description="The decoded mean, in the same way.")
    error: ReconstructionError


class ReconstructOutput(BaseModel):
    """One entry an image, in the order they were sent."""

    model: str
    version: int
    reconstructions: list[ReconstructedImage]


class DecodePixelsOutput(BaseModel):
    """One image a latent point, each a list of rows of values from 0 to 1."""

    model: str
    version: int
    images: list[list[list[float]]]


class ImageShape(BaseModel):
    """What the model takes and gives."""

    height: int
    width: int
    polarity: str = Field(description="white-on-black: 0 is the background.")


class ModelSummary(BaseModel):
    """A model that is served."""

    name: str
    version: int
    kind: str = Field(description="vae, ae or dae (denoising).")
    latent_dim: int
    image: ImageShape
    dataset: str
    digest: str = Field(description="SHA-256 that identifies the artifact.")


class UnavailableModel(BaseModel):
    """A model whose newest version is not served; one from before a reload may be."""

    name: str
    reason: str


class ModelList(BaseModel):
    """All models, and the one that answers when a request names none."""

    default: str
    models: list[ModelSummary]
    unavailable: list[UnavailableModel]


class Range(BaseModel):
    """Lower and upper ends, one a latent dimension."""

    minimum: list[float]
    maximum: list[float]


class LatentSummary(BaseModel):
    """Where the training images lie, one value a latent dimension."""

    mean: list[float]
    standard_deviation: list[float]
    percentile_1: list[float]
    percentile_99: list[float]


class ModelDetails(ModelSummary):
    """What is known of a model, from its artifact's manifest."""

    created: str = Field(description="When it was exported, ISO 8601.")
    class_names: list[str]
    dataset_digest: str
    training_images: int
    latent_statistics: LatentSummary
    grid_bounds: Range = Field(description="Ends of /grid when a request gives none.")
    support_distance: float = Field(
        description="in_support: the largest distance to the nearest reference point."
    )
    reference_points: int
    seed: int
    preset: str
    training_config: dict[str, Any]
    metrics: dict[str, float] = Field(description="Figures in nats per image.")
    libraries: dict[str, str]


class Measure(BaseModel):
    """A figure by which latent spaces are compared."""

    name: str = Field(description="The same for all models, such as knn_accuracy.")
    value: float
    unit: str = Field(description="Such as %, nats per image, grey levels.")
    better: Literal["lower", "higher", "neither"] = Field(
        description="Which values are better; neither: it only describes."
    )
    sentence: str = Field(description="The value in plain words.")


class ModelStatistics(BaseModel):
    """What sets a latent space apart from others, from its artifact's manifest."""

    model: str
    version: int
    measures: list[Measure] = Field(
        description="Computed on held-out images when the model was published. Empty for artifacts "
        "from before there were measures; `python -m training measure` adds them."
    )


class Alive(BaseModel):
    """The process answers."""

    status: Literal["alive"] = "alive"


class Ready(BaseModel):
    """Every model is loaded, verified and warm."""

    status: Literal["ready"] = "ready"
    models: dict[str, int] = Field(description="Version served of each model.")
    unavailable: list[UnavailableModel] = Field(
        description="What a reload could not load. What was served before it still is."
    )


class ProblemFault(BaseModel):
    """One place that is wrong."""

    pointer: str = Field(
        description="JSON pointer whose first token is body, form, query, path or models.",
    )
    detail: str


class Problem(BaseModel):
    """An error, as RFC 9457 has it."""

    type: str = Field("about:blank", description="about:blank: the status says it all.")
    title: str = Field(description="The status in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What is wrong, for people.")
    errors: list[ProblemFault] = Field(description="The places that are wrong, where known.")
