"""python -m service.worker: one worker process. Only service.process.workers starts it."""

import asyncio
import contextlib
import os
import signal
import socket
import sys

from fastapi import FastAPI

from service.app import create_app
from service.environment import read_settings
from service.errors import StartRefused
from service.process.logs import configure_logging, write_logs
from service.process.server import Server
from service.process.starting import bound_socket, refuse
from service.process.workers import READY, SERVING, worker_count
from service.serving.lifecycle import Lifecycle
from service.settings import Settings

STANDARD_INPUT = 0


class Worker(Server):
    """A server that ends when the process that started it is gone."""

    def __init__(self, app: FastAPI, settings: Settings) -> None:
        self._lifecycle: Lifecycle = app.state.atlas.lifecycle
        super().__init__(app, settings, self._lifecycle.drain)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Watch the other end of standard input, which that process holds; report the start."""
        asyncio.get_running_loop().add_reader(STANDARD_INPUT, self._end)
        await super().startup(sockets)
        if self.started:
            write_logs()  # before the line that says all are ready
            with contextlib.suppress(BrokenPipeError):
                os.write(STANDARD_INPUT, READY if self._lifecycle.is_ready else SERVING)

    def _end(self) -> None:
        asyncio.get_running_loop().remove_reader(STANDARD_INPUT)
        self.handle_exit(signal.SIGTERM, None)


def main() -> int:
    """Serve on the port that all workers share."""
    try:
        settings = read_settings()
        configure_logging(settings.log_level, settings.log_format)
        app = create_app(settings, worker_count(settings), listens_on=settings.host)
        with bound_socket(settings.host, settings.port, is_shared=True) as address:
            Worker(app, settings).run(sockets=[address])
    except StartRefused as exc:
        return refuse(exc)
    return 0


if __name__ == "__main__":
    sys.exit(main())
