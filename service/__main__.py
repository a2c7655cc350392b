"""python -m service: the app on uvicorn, set up by ATLAS_* environment variables."""

import sys

from pydantic import ValidationError

from service.app import create_app
from service.errors import RepositoryUnusable
from service.logs import configure_logging
from service.server import Server
from service.settings import Settings


def main() -> int:
    """Serve until SIGINT or SIGTERM; 2 for a wrong setting or a repository with nothing in it."""
    try:
        settings = Settings()
        configure_logging(settings.log_level, settings.log_format)
        app = create_app(settings)
    except (ValidationError, RepositoryUnusable) as exc:
        sys.stderr.write(f"latent-atlas: {exc}\n")
        return 2
    Server(app, settings, app.state.lifecycle.leave).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
