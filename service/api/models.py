"""/models: what is served, from the artifacts' manifests."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from service.api import responses as documents
from service.api.dependencies import AtlasDependency, refuse_query
from service.api.outputs import (
    ImageShape,
    LatentSummary,
    Measure,
    ModelDetails,
    ModelList,
    ModelStatistics,
    ModelSummary,
    Range,
    UnavailableModel,
)
from service.artifact.contract import Artifact

router = APIRouter(tags=["models"], dependencies=[Depends(refuse_query)])


@router.get(
    "/models",
    summary="List the models",
    response_description="Models in the order of their names.",
    responses=documents.problems(422),
)
async def list_models(atlas: AtlasDependency) -> ModelList:
    """Every model that is served, the default one, and what failed to load."""
    registry = atlas.registry
    return ModelList(
        default=registry.default_model,
        models=[_summary(artifact) for artifact in registry.artifacts.values()],
        unavailable=[
            UnavailableModel(name=name, reason=reason) for name, reason in registry.failures.items()
        ],
    )


@router.get(
    "/models/{name}",
    summary="Describe a model",
    response_description="What its artifact's manifest says.",
    responses=documents.problems(404, 422, 503),
)
async def get_model(
    atlas: AtlasDependency, name: Annotated[str, Path(description=documents.MODEL_NAME)]
) -> ModelDetails:
    """What the model was trained on and how, how good it is, and where its latents lie."""
    return _details(atlas.registry.get(name))


@router.get(
    "/models/{name}/statistics",
    summary="Measure a latent space",
    response_description="One entry a measure.",
    responses=documents.problems(404, 422, 503),
)
async def get_statistics(
    atlas: AtlasDependency, name: Annotated[str, Path(description=documents.MODEL_NAME)]
) -> ModelStatistics:
    """How faithful, orderly, full and smooth the latent space is: figures to compare models by."""
    return _statistics(atlas.registry.get(name))


def _summary(artifact: Artifact) -> ModelSummary:
    manifest = artifact.manifest
    return ModelSummary(
        name=manifest.name,
        version=manifest.version,
        kind=manifest.kind,
        latent_dim=manifest.latent_dim,
        image=ImageShape(
            height=manifest.image.height,
            width=manifest.image.width,
            polarity=manifest.image.polarity,
        ),
        dataset=manifest.dataset.name,
        digest=artifact.digest,
    )


def _details(artifact: Artifact) -> ModelDetails:
    manifest = artifact.manifest
    return ModelDetails(
        **dict(_summary(artifact)),
        created=manifest.created.isoformat(),
        class_names=manifest.dataset.class_names,
        dataset_digest=manifest.dataset.digest,
        training_images=manifest.dataset.training_images,
        latent_statistics=LatentSummary(**dict(manifest.latent_statistics)),
        grid_bounds=Range(**dict(manifest.grid_bounds)),
        support_distance=manifest.support.distance,
        reference_points=len(artifact.reference.labels),
        seed=manifest.training.seed,
        preset=manifest.training.preset,
        training_config=manifest.training.config,
        metrics=manifest.training.metrics,
        libraries=manifest.libraries,
    )


def _statistics(artifact: Artifact) -> ModelStatistics:
    manifest = artifact.manifest
    return ModelStatistics(
        model=manifest.name,
        version=manifest.version,
        measures=[Measure(**dict(measure)) for measure in manifest.measures],
    )
