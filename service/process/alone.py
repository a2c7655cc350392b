"""The one process of a service that has no workers."""

import asyncio
import socket

from fastapi import FastAPI

from service.process.server import Server
from service.process.starting import announce
from service.serving.lifecycle import Lifecycle
from service.settings import Settings


class Alone(Server):
    """Listens at once, so that /livez answers, and says when its models are loaded."""

    def __init__(self, app: FastAPI, settings: Settings) -> None:
        self._app = app
        self._lifecycle: Lifecycle = app.state.atlas.lifecycle
        self._host = settings.host
        super().__init__(app, settings, self._lifecycle.drain)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then wait for the first load in the background."""
        await super().startup(sockets)
        if self.started:
            self._app.state.loading.add_done_callback(self._announce)

    def _announce(self, _: asyncio.Task[None]) -> None:
        if not self._lifecycle.is_draining:
            port = self.servers[0].sockets[0].getsockname()[1]
            announce(self._lifecycle.is_ready, self._host, port)
