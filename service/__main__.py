"""python -m service: the app on uvicorn, set up by ATLAS_* environment variables."""

import sys

from pydantic import ValidationError

from service.errors import RepositoryUnusable
from service.logs import configure_logging
from service.settings import Settings
from service.workers import Workers, worker_count


def main() -> int:
    """Serve until SIGINT or SIGTERM; 2 for a wrong setting or a repository with nothing in it."""
    try:
        settings = Settings()
        configure_logging(settings.log_level, settings.log_format)
        workers = worker_count(settings)
        return Workers(settings, workers).run() if workers > 1 else _serve_alone(settings)
    except (ValidationError, RepositoryUnusable, OSError) as exc:
        sys.stderr.write(f"latent-atlas: {exc}\n")
        return 2


def _serve_alone(settings: Settings) -> int:
    # Not at the top: these import torch, which a process that only starts others does not need.
    from service.app import create_app
    from service.server import Server

    app = create_app(settings)
    Server(app, settings, app.state.lifecycle.leave).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
