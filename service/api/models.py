"""What is served, from the artifacts' manifests."""

from service.api import examples
from service.api.examples import WRONG_MODEL, WRONG_QUERY
from service.api.requests import ModelPath
from service.api.responses import (
    ModelDetails,
    ModelList,
    ModelStatistics,
    ModelSummary,
    UnavailableModel,
)
from service.http.operation import JSON, Answers, Operation, OperationRouter
from service.serving.atlas import Atlas

router = OperationRouter("models")


@router.plan(
    Operation(
        "GET",
        "/models",
        Answers(JSON, "Models in the order of their names.", ModelList, examples.MODELS),
        "List the models",
        wrong=WRONG_QUERY,
    )
)
def list_models(atlas: Atlas) -> ModelList:
    """Every model that is served, the default one, and what failed to load."""
    registry = atlas.registry
    return ModelList(
        default=registry.default_model,
        models=[ModelSummary.model_validate(it) for it in registry.artifacts.values()],
        unavailable=[
            UnavailableModel(name=name, reason=reason) for name, reason in registry.failures.items()
        ],
    )


@router.plan(
    Operation(
        "GET",
        "/models/{name}",
        Answers(JSON, "What its artifact's manifest says.", ModelDetails, examples.DETAILS),
        "Describe a model",
        example={"name": "vae"},
        wrong=WRONG_MODEL,
    )
)
def get_model(atlas: Atlas, path: ModelPath) -> ModelDetails:
    """What the model was trained on and how, how good it is, and where its latents lie."""
    return ModelDetails.model_validate(atlas.registry.get(path.name))


@router.plan(
    Operation(
        "GET",
        "/models/{name}/statistics",
        Answers(JSON, "One entry a measure.", ModelStatistics, examples.STATISTICS),
        "Measure a latent space",
        example={"name": "vae"},
        wrong=WRONG_MODEL,
    )
)
def get_statistics(atlas: Atlas, path: ModelPath) -> ModelStatistics:
    """How faithful, orderly, full and realistic a latent space is: figures to compare models by."""
    return ModelStatistics.model_validate(atlas.registry.get(path.name))
