"""One worker process. service.process.workers forks it, with this module imported already."""

import asyncio
import contextlib
import signal
import socket

from fastapi import FastAPI

from service.app import create_app
from service.errors import StartRefused
from service.process.logs import configure_logging, write_logs
from service.process.server import Server
from service.process.starting import bound_socket, refuse
from service.process.workers import READY, SERVING, worker_count
from service.serving.lifecycle import Lifecycle
from service.settings import Settings


class Worker(Server):
    """A server that ends when the process that started it is gone."""

    def __init__(self, app: FastAPI, settings: Settings, starter: socket.socket) -> None:
        self._lifecycle: Lifecycle = app.state.atlas.lifecycle
        self._starter = starter
        super().__init__(app, settings, self._lifecycle.drain)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Watch the line to the process that started this one; report the start to it."""
        asyncio.get_running_loop().add_reader(self._starter, self._end)
        await super().startup(sockets)
        if self.started:
            write_logs()  # before the line that says all are ready
            with contextlib.suppress(BrokenPipeError):
                self._starter.send(READY if self._lifecycle.is_ready else SERVING)

    def _end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._starter)
        self.handle_exit(signal.SIGTERM, None)


def serve(settings: Settings, starter: socket.socket) -> int:
    """Serve on the port that all workers share, until the other end of `starter` is closed.

    Returns the exit code.
    """
    configure_logging(settings.log_level, settings.log_format)
    try:
        app = create_app(settings, worker_count(settings), listens_on=settings.host)
        with bound_socket(settings.host, settings.port, is_shared=True) as address:
            Worker(app, settings, starter).run(sockets=[address])
    except StartRefused as exc:
        return refuse(exc)
    return 0
