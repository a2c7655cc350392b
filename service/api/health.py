"""/livez and /readyz, free of inference so that they answer at any load."""

from fastapi import APIRouter, Depends

from service.api import responses as documents
from service.api.dependencies import AtlasDependency, LifecycleDependency, refuse_query
from service.api.outputs import Alive, Ready, UnavailableModel

router = APIRouter(tags=["health"], dependencies=[Depends(refuse_query)])


@router.get(
    "/livez",
    summary="Is the process alive?",
    response_description="It is.",
    responses=documents.problems(422),
)
async def livez() -> Alive:
    """200 whenever the process answers at all."""
    return Alive()


@router.get(
    "/readyz",
    summary="Is every model ready?",
    response_description="It is; the versions served.",
    responses=documents.problems(422, 503),
)
async def readyz(atlas: AtlasDependency, lifecycle: LifecycleDependency) -> Ready:
    """200 once every model is loaded, verified and warm; 503 naming those that are not.

    A reload that fails leaves the service ready, with what it served before. From SIGTERM on the
    answer is 503.
    """
    lifecycle.require_ready()
    registry = atlas.registry
    return Ready(
        models={name: artifact.manifest.version for name, artifact in registry.artifacts.items()},
        unavailable=[
            UnavailableModel(name=name, reason=reason) for name, reason in registry.failures.items()
        ],
    )
