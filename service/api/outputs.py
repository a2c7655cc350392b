"""Answers, as clients see them."""

from typing import Any, Literal

from pydantic import BaseModel, Field


class EncodedImage(BaseModel):
    """Where one image lies in latent space."""

    mean: list[float] = Field(
        description="Mean of the latent distribution: a latent point, as /decode takes it."
    )
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
        description="JSON pointer whose first token is body, form, query, path or models: "
        "/form/images/1 is the second file.",
    )
    detail: str


class Problem(BaseModel):
    """An error, as RFC 9457 has it."""

    type: str = Field("about:blank", description="about:blank: the status says it all.")
    title: str = Field(description="The status in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What is wrong, for people.")
    errors: list[ProblemFault] = Field(description="The places that are wrong, where known.")
