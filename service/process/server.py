"""uvicorn with a drain that loses nothing."""

import asyncio
import contextlib
import math
import signal
import socket
from collections.abc import Callable
from time import monotonic
from types import FrameType

import uvicorn
from fastapi import FastAPI

from service.process.protocol import Protocol
from service.settings import Settings

POLL_SECONDS = 0.05
# A client that has not heard of the end may be sending a request on an open connection right now.
# Closing the connection at once would reset it; once answered, the client knows.
SILENT_SECONDS = 1


class Server(uvicorn.Server):
    """On SIGTERM or SIGINT it finishes the requests it has accepted, then exits with code 0."""

    def __init__(self, app: FastAPI, settings: Settings, drain: Callable[[], None]) -> None:
        """`drain` is called in the signal handler."""
        super().__init__(
            uvicorn.Config(
                app,
                host=settings.host,
                port=settings.port,
                http=Protocol,
                ws="none",
                lifespan="on",
                log_config=None,  # process/logs.py sets it up
                log_level=settings.log_level,
                access_log=False,  # http/access_log.py writes it
                server_header=False,
                proxy_headers=False,  # nothing here depends on who asks
            )
        )
        self._drain = drain
        self._grace_seconds = settings.shutdown_grace_seconds

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """As uvicorn's, but without raising the signal again at the end, which exits with 143."""
        self._drain()
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer what is in flight on open connections, at most for the grace; then close them."""
        deadline = monotonic() + self._grace_seconds
        await self._stop_listening(sockets or [])
        silent_until = monotonic() + SILENT_SECONDS
        while self._is_busy(silent_until) and not self.force_exit and monotonic() < deadline:
            await asyncio.sleep(POLL_SECONDS)
        self.config.timeout_graceful_shutdown = max(0, math.ceil(deadline - monotonic()))
        await super().shutdown(sockets)

    async def _stop_listening(self, sockets: list[socket.socket]) -> None:
        """Accept what the kernel has accepted already, then stop: closing alone would reset it."""
        listeners = [listener.dup() for server in self.servers for listener in server.sockets]
        for server in self.servers:
            server.close()
        for listening in sockets:
            listening.close()
        await asyncio.sleep(POLL_SECONDS)  # the loop closes its own only in its next turns
        for listener in listeners:  # the last of each: once it is closed clients are refused
            accepted = list[socket.socket]()
            listener.setblocking(False)
            with listener, contextlib.suppress(BlockingIOError):
                while True:
                    accepted.append(listener.accept()[0])
            for connection in accepted:
                loop = asyncio.get_running_loop()
                await loop.connect_accepted_socket(self._protocol, connection)

    def _protocol(self) -> Protocol:
        return Protocol(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )

    def _is_busy(self, silent_until: float) -> bool:
        """Whether a request is in flight, or may still come on an open connection."""
        may_ask = bool(self.server_state.connections) and monotonic() < silent_until
        return bool(self.server_state.tasks) or may_ask
