"""The FastAPI application: settings in, wired app out. Importing this module does no work."""

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from service.api import (
    documentation,
    explorer,
    health,
    interpolation,
    latent,
    models,
    reference,
    tiles,
)
from service.api import metrics as metrics_route
from service.http.access_log import AccessRecorder, Observation
from service.http.api_key import ApiKey
from service.http.body_limit import BodyLimit
from service.http.cors import Cors
from service.http.disconnect import Departure
from service.http.dispatch import Dispatch
from service.http.express import Express
from service.http.head_method import HeadAsGet
from service.http.problems import install_handlers
from service.open_inference import routes as open_inference
from service.open_inference import triton_extensions
from service.open_inference.errors import OpenInferenceErrors
from service.openapi.document import install_document
from service.operations.atlas import Atlas
from service.process.cpus import available_cpus
from service.serving.inference import InferenceExecutor
from service.serving.lifecycle import Lifecycle
from service.serving.metrics import Metrics
from service.serving.registry import Registry
from service.settings import Settings

DESCRIPTION = (
    "Serves the latent spaces of autoencoders (AE) and variational autoencoders (VAE): pictures "
    "to latent coordinates, latent coordinates and the paths between them to pictures, and the "
    "plane as systematic grids and as the tiles of a map."
)


class App(FastAPI):
    """FastAPI behind what answers small requests at once."""

    express: Express

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request at once, or as FastAPI would."""
        await self.express(scope, receive, send)

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer through every layer, as FastAPI does."""
        await super().__call__(scope, receive, send)


def create_app(settings: Settings | None = None, workers: int = 1) -> App:
    """Build the app; `settings` default to the environment's.

    It shares the CPUs with its like in `workers` processes. If those are several, it starts only
    once its models are loaded: a client of them all would not know which of them is ready.

    Raises pydantic.ValidationError for a wrong setting and RepositoryUnusable where there is
    nothing to serve.
    """
    settings = settings or Settings()
    registry = Registry(settings.model_repository, settings.default_model)
    app = App(
        title="Latent Atlas",
        summary="The latent spaces of autoencoders, over HTTP",
        description=DESCRIPTION,
        version=version("latent-atlas"),
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
        # FastAPI's own would look at each request whether someone has set it up; `metrics` is ours.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    metrics = Metrics()
    metrics.watch_models(lambda: registry.artifacts, lambda: registry.failures)
    executor = InferenceExecutor(
        settings.inference_places or max(1, available_cpus() // workers),
        settings.inference_queue,
        metrics,
    )
    app.state.starts_loaded = workers > 1
    app.state.metrics = metrics
    app.state.atlas = Atlas(settings, registry, executor, metrics)
    app.state.lifecycle = Lifecycle(registry, executor)
    _add_layers(app, settings, AccessRecorder(metrics))
    install_handlers(app, settings.retry_after_seconds)
    for routes in (
        *(latent, interpolation, tiles, reference, models),
        *(health, metrics_route, open_inference, triton_extensions, documentation, explorer),
    ):
        app.include_router(routes.router)
    install_document(app, settings)
    return app


def _add_layers(app: App, settings: Settings, recorder: AccessRecorder) -> None:
    """What a request passes before its route; the last one added is the outermost."""
    app.add_middleware(HeadAsGet)
    app.add_middleware(
        Dispatch,
        routes=latent.router.routes,
        retry_after_seconds=settings.retry_after_seconds,
    )
    app.add_middleware(BodyLimit, max_bytes=settings.max_body_bytes)
    if settings.api_key and settings.has_api_key:
        app.add_middleware(ApiKey, key=settings.api_key.get_secret_value())
    if settings.cors_origins:  # outside the key: a preflight cannot carry one
        app.add_middleware(Cors, origins=settings.cors_origins)
    app.add_middleware(Departure, retry_after_seconds=settings.retry_after_seconds)
    app.add_middleware(OpenInferenceErrors)  # inside: log and figures have the status that is sent
    app.add_middleware(Observation, recorder=recorder, lifecycle=app.state.lifecycle)
    app.add_middleware(OpenInferenceErrors)  # outside: for the 500 that Observation answers itself
    app.express = Express(app.answer, app.state.atlas, recorder, app.state.lifecycle)


def _operation_id(route: APIRoute) -> str:
    """The function's own name: what generated clients call their methods."""
    return route.name


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Load the models while /livez already answers; at the end let running work finish."""
    lifecycle: Lifecycle = app.state.lifecycle
    app.state.loading = lifecycle.reload()
    if app.state.starts_loaded:
        await app.state.loading
    with _reload_on_hangup(lifecycle):
        yield
    lifecycle.leave()
    await lifecycle.close()


@contextmanager
def _reload_on_hangup(lifecycle: Lifecycle) -> Iterator[None]:
    """Reload on SIGHUP, where there is one and this thread may handle it."""
    if not hasattr(signal, "SIGHUP") or threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, lifecycle.reload)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})  # `workers` may have held it back
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
