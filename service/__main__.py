"""python -m service: the app on uvicorn, set up by ATLAS_* environment variables."""

import os
import signal
import sys
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from service.settings import Settings


def main() -> int:
    """Serve until SIGINT or SIGTERM; 2 for a wrong setting or a repository with nothing in it."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    # Not at the top: they take seconds on a busy machine, and until there is a handler the first
    # process of a container takes no notice of SIGTERM.
    from pydantic import ValidationError

    from service.errors import RepositoryUnusable
    from service.process.logs import configure_logging
    from service.process.workers import Workers, worker_count
    from service.settings import Settings

    try:
        settings = Settings()
        configure_logging(settings.log_level, settings.log_format)
        workers = worker_count(settings)
        return Workers(settings, workers).run() if workers > 1 else _serve_alone(settings)
    except (ValidationError, RepositoryUnusable, OSError) as exc:
        sys.stderr.write(f"latent-atlas: {exc}\n")
        return 2


def _end(_: int, __: FrameType | None) -> None:
    """End before anything was taken; no exception, which an import might take for its own."""
    os._exit(0)


def _serve_alone(settings: "Settings") -> int:
    # These import torch, which a process that only starts others does not need.
    from service.app import create_app
    from service.process.server import Server

    app = create_app(settings)
    Server(app, settings, app.state.atlas.lifecycle.drain).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
