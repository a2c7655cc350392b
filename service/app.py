"""The FastAPI application: settings in, wired app out. Importing this module does no work."""

import asyncio
import signal
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib.metadata import version

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from service.api import health, latent_map, latent_space, models, pages
from service.environment import read_settings, warn_of_unknown_settings
from service.errors import StartRefused
from service.http.pipeline import Pipeline
from service.open_inference import operations as open_inference
from service.open_inference.errors import write_error
from service.openapi.document import install_document
from service.process.cpus import available_cpus
from service.process.starting import refuse
from service.serving.answer_cache import AnswerCache
from service.serving.atlas import Atlas
from service.serving.executor import Executor
from service.serving.gatherer import Gatherer
from service.serving.lifecycle import Lifecycle
from service.serving.metrics import Metrics
from service.serving.registry import Registry
from service.serving.unsent import Unsent
from service.settings import Settings

DESCRIPTION = (
    "Serves the latent spaces of autoencoders (AE) and variational autoencoders (VAE): pictures "
    "to latent coordinates, latent coordinates and the paths between them to pictures, and the "
    "plane as systematic grids and as the tiles of a map."
)
ROUTERS = (
    latent_space.router,
    latent_map.router,
    models.router,
    health.router,
    open_inference.router,
)


class App(FastAPI):
    """FastAPI behind the pipeline, which answers every HTTP request."""

    pipeline: Pipeline

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; start and end as FastAPI does."""
        if scope["type"] == "http":
            await self.pipeline(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    async def answer_itself(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer by FastAPI's own routes. Raises what they raise."""
        await super().__call__(scope, receive, send)


def create_app(
    settings: Settings | None = None, workers: int = 1, listens_on: str | None = None
) -> App:
    """Build the app.

    Without `settings` this is uvicorn's factory: it reads the environment, and ends the process
    with a line for each reason why it cannot start.

    `listens_on` is the address that the server listens on, None if it is not known. On loopback
    the app answers for local hosts only.

    `workers` processes like this one share the CPUs. If there are several, each starts only once
    its models are loaded: their client could not tell which of them is ready.

    Raises RepositoryUnusable where there is nothing to serve.
    """
    if settings is None:
        return _create_from_environment()
    app = App(
        title="Latent Atlas",
        summary="The latent spaces of autoencoders, over HTTP",
        description=DESCRIPTION,
        version=version("latent-atlas"),
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # The function's own name is what generated clients call their methods.
        generate_unique_id_function=lambda route: route.name,
        # FastAPI's own would look at each request whether someone has set it up; `metrics` is ours.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    for raised in (HTTPException, RequestValidationError):
        app.add_exception_handler(raised, _leave_to_the_pipeline)
    for router in (*ROUTERS, pages.router):
        app.include_router(router)
    operations = [operation for router in ROUTERS for operation in router.operations]
    install_document(app, operations, settings)
    app.state.atlas = _make_atlas(settings, workers)
    app.state.starts_loaded = workers > 1
    app.pipeline = Pipeline(
        app.state.atlas,
        operations,
        pages.OPEN_PATHS,
        {open_inference.PREFIX: write_error},
        app.answer_itself,
        app.routes,
        listens_on,
    )
    return app


def _create_from_environment() -> App:
    try:
        settings = read_settings()
        warn_of_unknown_settings()
        return create_app(settings)
    except StartRefused as exc:
        sys.exit(refuse(exc))


def _make_atlas(settings: Settings, workers: int) -> Atlas:
    registry = Registry(settings.model_repository, settings.default_model, settings.runtime)
    metrics = Metrics()
    metrics.watch_models(lambda: registry.artifacts, lambda: registry.failures)
    places = settings.inference_places or max(1, available_cpus() // workers)
    executor = Executor(places, settings.inference_queue, metrics)
    gatherer = Gatherer(settings.inference_queue, metrics)
    lifecycle = Lifecycle(registry, executor)
    cache = AnswerCache(settings.cache_bytes, metrics)
    unsent = Unsent(settings.max_unsent_bytes)
    return Atlas(settings, registry, executor, gatherer, lifecycle, cache, metrics, unsent)


async def _leave_to_the_pipeline(_: Request, exc: Exception) -> Response:
    """Have FastAPI raise its errors: one place turns every error into an answer."""
    raise exc


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Load the models while /livez already answers; at the end let running work finish."""
    lifecycle: Lifecycle = app.state.atlas.lifecycle
    app.state.loading = lifecycle.reload()
    if app.state.starts_loaded:
        await app.state.loading
    with _reload_on_hangup(lifecycle):
        yield
    lifecycle.drain()
    await lifecycle.close()


@contextmanager
def _reload_on_hangup(lifecycle: Lifecycle) -> Iterator[None]:
    """Reload on SIGHUP, where there is one and this thread may handle it."""
    if not hasattr(signal, "SIGHUP") or threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, lifecycle.reload)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})  # the starter may have blocked it
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
