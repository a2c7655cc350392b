"""The FastAPI application: settings in, wired app out. Importing this module does no work."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.routing import APIRoute

from service.atlas import Atlas
from service.body_limit import BodyLimit
from service.cpu import available_cpus
from service.head import HeadAsGet
from service.inference import InferenceExecutor
from service.openapi import install_document
from service.problems import install_handlers
from service.registry import Registry
from service.routes import health, latent, models
from service.settings import Settings

DESCRIPTION = (
    "Serves the latent spaces of autoencoders (AE) and variational autoencoders (VAE): pictures "
    "to latent coordinates, latent coordinates to pictures, and systematic grids of the plane."
)


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the app; `settings` default to the environment's.

    Raises pydantic.ValidationError for a wrong setting and RepositoryUnusable where there is
    nothing to serve.
    """
    settings = settings or Settings()
    registry = Registry(settings.model_repository, settings.default_model)
    app = FastAPI(
        title="Latent Atlas",
        summary="The latent spaces of autoencoders, over HTTP",
        description=DESCRIPTION,
        version=version("latent-atlas"),
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
    )
    executor = InferenceExecutor(
        settings.inference_places or available_cpus(), settings.inference_queue
    )
    app.state.atlas = Atlas(settings, registry, executor)
    app.add_middleware(HeadAsGet)
    app.add_middleware(BodyLimit, max_bytes=settings.max_body_bytes)
    install_handlers(app, settings.retry_after_seconds)
    for routes in (latent, models, health):
        app.include_router(routes.router)
    install_document(app, settings)
    return app


def _operation_id(route: APIRoute) -> str:
    """The function's own name: what generated clients call their methods."""
    return route.name


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Load the models while /livez already answers; at the end let running work finish."""
    atlas: Atlas = app.state.atlas
    app.state.loading = asyncio.create_task(asyncio.to_thread(atlas.registry.load))
    yield
    await app.state.loading
    atlas.executor.close()
