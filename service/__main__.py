"""python -m service: the app on uvicorn, set up by ATLAS_* environment variables."""

import logging
import sys

import uvicorn
from pydantic import ValidationError

from service.app import create_app
from service.errors import RepositoryUnusable
from service.head_limit import HeadLimitProtocol
from service.settings import Settings


def main() -> int:
    """Serve until SIGINT or SIGTERM; 2 for a wrong setting or a repository with nothing in it."""
    try:
        settings = Settings()
        logging.basicConfig(level=settings.log_level.upper(), format="%(levelname)s: %(message)s")
        app = create_app(settings)
    except (ValidationError, RepositoryUnusable) as exc:
        sys.stderr.write(f"latent-atlas: {exc}\n")
        return 2
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_level=settings.log_level,
        http=HeadLimitProtocol,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
