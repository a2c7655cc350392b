"""/livez and /readyz, free of inference so that they answer at any load."""

from fastapi import APIRouter, Depends

from service import documents
from service.dependencies import AtlasDependency, strict_query
from service.schemas import Alive, Ready

router = APIRouter(tags=["health"], dependencies=[Depends(strict_query())])


@router.get("/livez", summary="Is the process alive?", responses=documents.problems(422))
async def livez() -> Alive:
    """200 whenever the process answers at all."""
    return Alive()


@router.get("/readyz", summary="Is every model ready?", responses=documents.problems(422, 503))
async def readyz(atlas: AtlasDependency) -> Ready:
    """200 once every model is loaded, verified and warm; 503 naming those that are not."""
    atlas.registry.require_ready()
    return Ready(
        models={
            name: artifact.manifest.version for name, artifact in atlas.registry.artifacts.items()
        }
    )
