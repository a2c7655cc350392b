"""uvicorn with a drain that loses no request."""

import asyncio
import contextlib
import math
import signal
import socket
from collections.abc import Callable
from functools import partial
from time import monotonic
from types import FrameType

import uvicorn
from fastapi import FastAPI

from service.process.connections import Connections
from service.process.protocol import Protocol
from service.settings import Settings

POLL_SECONDS = 0.05
# A client may be sending a request on an open connection right now. Closing the connection at once
# would reset it, so wait this long for a request, whose response then tells the client to close.
SILENT_SECONDS = 1


class Server(uvicorn.Server):
    """On SIGTERM or SIGINT it finishes the requests it has accepted, then exits with code 0."""

    def __init__(self, app: FastAPI, settings: Settings, drain: Callable[[], None]) -> None:
        """`drain` runs in the signal handler."""
        super().__init__(
            uvicorn.Config(
                app,
                host=settings.host,
                port=settings.port,
                ws="none",
                lifespan="on",
                log_config=None,  # process/logs.py configures it
                log_level=settings.log_level,
                access_log=False,  # http/access_log.py writes it
                server_header=False,
                proxy_headers=False,  # nothing depends on the client's address
            )
        )
        atlas = app.state.atlas
        self._connections = Connections(settings, atlas.unsent, atlas.metrics)
        self._protocol = partial(Protocol, self._connections)
        self.config.http = self._protocol  # type: ignore[assignment]
        self._drain = drain
        self._grace_seconds = settings.shutdown_grace_seconds

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Start the drain. uvicorn would also raise the signal again at the end: exit code 143."""
        self._drain()
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True

    async def on_tick(self, counter: int) -> bool:
        """uvicorn calls it ten times a second while it serves."""
        if counter % 10 == 0:
            self._connections.sweep()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish requests on open connections, at most for the grace time, then close them."""
        deadline = monotonic() + self._grace_seconds
        await self._stop_listening(sockets or [])
        silent_until = monotonic() + SILENT_SECONDS
        while self._is_busy(silent_until) and not self.force_exit and monotonic() < deadline:
            await asyncio.sleep(POLL_SECONDS)
        self.config.timeout_graceful_shutdown = max(0, math.ceil(deadline - monotonic()))
        await super().shutdown(sockets)

    async def _stop_listening(self, sockets: list[socket.socket]) -> None:
        """Close the listeners, but accept the kernel's backlog first: closing would reset it."""
        listeners = [listener.dup() for server in self.servers for listener in server.sockets]
        for server in self.servers:
            server.close()
        for listening in sockets:
            listening.close()
        await asyncio.sleep(POLL_SECONDS)  # the event loop closes its listeners in its next turns
        loop = asyncio.get_running_loop()
        protocol = partial(self._protocol, self.config, self.server_state, self.lifespan.state)
        for listener in listeners:  # the last copies: once they close, clients are refused
            accepted = list[socket.socket]()
            listener.setblocking(False)
            with listener, contextlib.suppress(BlockingIOError):
                while True:
                    accepted.append(listener.accept()[0])
            for connection in accepted:
                await loop.connect_accepted_socket(protocol, connection)

    def _is_busy(self, silent_until: float) -> bool:
        """Whether a request is in flight, or may still come on an open connection."""
        may_come = bool(self.server_state.connections) and monotonic() < silent_until
        return bool(self.server_state.tasks) or may_come
