"""What clients get: the schemas of JSON answers."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AliasPath, BaseModel, BeforeValidator, ConfigDict, Field


class FromArtifact(BaseModel):
    """Base of answers that repeat what an artifact says."""

    model_config = ConfigDict(from_attributes=True)


def of(*attributes: str, description: str | None = None) -> Any:
    """A field whose value is found under these attributes of an artifact."""
    return Field(validation_alias=AliasPath(*attributes), description=description)


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


class ImageShape(FromArtifact):
    """What the model takes and gives."""

    height: int
    width: int
    polarity: str = Field(description="white-on-black: 0 is the background.")


class ModelSummary(FromArtifact):
    """A model that is served."""

    name: str = of("manifest", "name")
    version: int = of("manifest", "version")
    kind: str = of("manifest", "kind", description="vae, ae or dae (denoising).")
    latent_dim: int = of("manifest", "latent_dim")
    image: ImageShape = of("manifest", "image")
    dataset: str = of("manifest", "dataset", "name")
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


class Range(FromArtifact):
    """Lower and upper ends, one a latent dimension."""

    minimum: list[float]
    maximum: list[float]


class LatentSummary(FromArtifact):
    """Where the training images lie, one value a latent dimension."""

    mean: list[float]
    standard_deviation: list[float]
    percentile_1: list[float]
    percentile_99: list[float]


class ModelDetails(ModelSummary):
    """What is known of a model, from its artifact's manifest."""

    created: Annotated[str, BeforeValidator(datetime.isoformat)] = of(
        "manifest", "created", description="When it was exported, ISO 8601."
    )
    class_names: list[str] = of("manifest", "dataset", "class_names")
    dataset_digest: str = of("manifest", "dataset", "digest")
    training_images: int = of("manifest", "dataset", "training_images")
    latent_statistics: LatentSummary = of("manifest", "latent_statistics")
    grid_bounds: Range = of(
        "manifest", "grid_bounds", description="Ends of /grid when a request gives none."
    )
    support_distance: float = of(
        "manifest",
        "support",
        "distance",
        description="in_support: the largest distance to the nearest reference point.",
    )
    reference_points: Annotated[int, BeforeValidator(len)] = of("reference", "labels")
    seed: int = of("manifest", "training", "seed")
    preset: str = of("manifest", "training", "preset")
    training_config: dict[str, Any] = of("manifest", "training", "config")
    metrics: dict[str, float] = of(
        "manifest", "training", "metrics", description="Figures in nats per image."
    )
    libraries: dict[str, str] = of("manifest", "libraries")
    latent_shape: list[int] = of(
        "manifest", "latent", "shape", description="latent_dim, or channels, height and width."
    )
    runtime: Literal["onnx", "torchscript"] = Field(description="What computes the answers.")
    batch_invariant: bool = of(
        "is_batch_invariant",
        description="Whether an answer has the same bits whatever else is computed beside it.",
    )


class Measure(FromArtifact):
    """A figure by which latent spaces are compared."""

    name: str = Field(description="The same for all models, such as knn_accuracy.")
    value: float
    unit: str = Field(description="Such as %, nats per image, grey levels.")
    better: Literal["lower", "higher", "neither"] = Field(
        description="Which values are better; neither: it only describes."
    )
    sentence: str = Field(description="The value in plain words.")


class ModelStatistics(FromArtifact):
    """What sets a latent space apart from others, from its artifact's manifest."""

    model: str = of("manifest", "name")
    version: int = of("manifest", "version")
    measures: list[Measure] = of(
        "manifest",
        "measures",
        description="Computed on held-out images when the model was published. Empty for artifacts "
        "from before there were measures; `python -m training measure` adds them.",
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


class Thumbnails(BaseModel):
    """How the images lie in reference.png: row by row, in the order of the points."""

    columns: int = Field(description="Images in a row.")
    height: int = Field(description="Of one image, in pixels.")
    width: int = Field(description="Of one image, in pixels.")


class ReferenceSet(BaseModel):
    """Held-out images in latent space: a point and a class an image, in one order."""

    model: str
    version: int
    class_names: list[str]
    coordinates: list[list[float]] = Field(description="Latent mean of each image.")
    labels: list[int] = Field(description="Class of each image, an index into class_names.")
    thumbnails: Thumbnails
