"""python -m service.worker: one worker process. Only service.process.workers starts it."""

import asyncio
import contextlib
import os
import signal
import socket
import sys

from service.app import create_app
from service.errors import RepositoryUnusable
from service.process.logs import configure_logging
from service.process.server import Server
from service.process.workers import SERVING, bound_socket, worker_count
from service.settings import Settings

STANDARD_INPUT = 0


class Worker(Server):
    """A server that ends when the process that started it is gone."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Watch the other end of standard input, which that process holds; report the start."""
        asyncio.get_running_loop().add_reader(STANDARD_INPUT, self._end)
        await super().startup(sockets)
        if self.started:
            with contextlib.suppress(BrokenPipeError):
                os.write(STANDARD_INPUT, SERVING)

    def _end(self) -> None:
        asyncio.get_running_loop().remove_reader(STANDARD_INPUT)
        self.handle_exit(signal.SIGTERM, None)


def main() -> int:
    """Serve on the port that all workers share."""
    settings = Settings()
    configure_logging(settings.log_level, settings.log_format)
    try:
        app = create_app(settings, worker_count(settings), listens_on=settings.host)
    except RepositoryUnusable as exc:
        sys.stderr.write(f"latent-atlas: {exc}\n")
        return 2
    with bound_socket(settings.host, settings.port, is_shared=True) as address:
        Worker(app, settings, app.state.atlas.lifecycle.drain).run(sockets=[address])
    return 0


if __name__ == "__main__":
    sys.exit(main())
