"""uvicorn with a drain that loses no request."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
from collections.abc import Callable
from functools import partial
from time import monotonic
from types import FrameType
from typing import NoReturn

import uvicorn
from fastapi import FastAPI

from service.process.connections import Connections
from service.process.protocol import Protocol
from service.serving.atlas import Atlas
from service.settings import Settings

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.05
# A client may be sending a request on an open connection right now. Closing the connection at once
# would reset it, so wait this long for a request, whose response then tells the client to close.
SILENT_SECONDS = 1
# Time to send the 503s of requests that the end of the grace has cut.
FLUSH_SECONDS = 1


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
        self._atlas: Atlas = app.state.atlas
        self._connections = Connections(settings, self._atlas.unsent, self._atlas.metrics)
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
        # uvicorn declares whole seconds, but only hands them to asyncio.wait_for.
        seconds = max(0.0, deadline - monotonic())
        self.config.timeout_graceful_shutdown = seconds  # type: ignore[assignment]
        # At the end of the grace uvicorn cancels the requests, which then get 503.
        ending = asyncio.create_task(super().shutdown(sockets))
        while not ending.done() and not self.force_exit and monotonic() < deadline + FLUSH_SECONDS:
            await asyncio.wait([ending], timeout=POLL_SECONDS)
        if not ending.done():
            self._leave()
        await ending

    def _leave(self) -> NoReturn:
        """Exit although threads still compute: nothing stops them, and Python would wait for them.

        All requests have their answers by now.
        """
        running = self._atlas.executor.running
        logger.warning("exiting before the end of %d computations", running)
        logging.shutdown()
        os._exit(0)

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
