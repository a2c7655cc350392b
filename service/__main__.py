"""python -m service: serves the app on uvicorn, configured by ATLAS_* environment variables."""

import gc
import os
import signal
import sys
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from service.process.workers import Serve
    from service.settings import Settings


def main() -> int:
    """Serve until SIGINT or SIGTERM. Returns 2 for a wrong setting, repository or address."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    # Imports make many objects and hardly any garbage. What serves collects it again.
    gc.disable()
    # These imports take seconds on a busy machine, and process 1 of a container ignores SIGTERM
    # until it has a handler. So they come after the handlers.
    from service.environment import read_settings, warn_of_unknown_settings
    from service.errors import StartRefused
    from service.process.logs import configure_logging
    from service.process.starting import refuse, require_free
    from service.process.workers import Workers, worker_count
    from service.serving.repository import require_models

    try:
        settings = read_settings()
        workers = worker_count(settings)
        configure_logging(settings.log_level, settings.log_format, gathers=workers == 1)
        warn_of_unknown_settings()
        require_free(settings.host, settings.port)
        require_models(settings.model_repository, settings.default_model)
        if workers > 1:
            return Workers(settings, workers, _import_app).run()
        return _serve_alone(settings)
    except (StartRefused, OSError) as exc:
        return refuse(exc)


def _end(_: int, __: FrameType | None) -> None:
    """Exit before the server accepts anything. An import might catch an exception instead."""
    os._exit(0)


def _import_app() -> "Serve":
    from service.worker import serve

    return serve


def _serve_alone(settings: "Settings") -> int:
    from service.app import create_app
    from service.process.alone import Alone

    gc.enable()
    Alone(create_app(settings, listens_on=settings.host), settings).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
