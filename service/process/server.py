"""uvicorn, taught what this service promises: a drain that loses nothing, problems for all."""

import asyncio
import contextlib
import logging
import math
import signal
import socket
import uuid
from collections.abc import Callable
from http import HTTPStatus
from time import monotonic
from types import FrameType
from typing import cast

import uvicorn
from fastapi import FastAPI

from service.http.problems import problem
from service.process.header_limit import HeadLimitProtocol
from service.process.joined_writes import JoinedWrites
from service.settings import Settings

logger = logging.getLogger("service.access")

POLL_SECONDS = 0.05
# For the request that is on its way on a connection that does not know of the end: once answered
# it does. Closing such a connection at once would reset it.
SILENT_SECONDS = 1


class ProblemProtocol(HeadLimitProtocol):
    """HTTP/1.1 that answers in one write, and what is not HTTP with a problem too."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Set up; reading is still controlled on the transport itself."""
        super().connection_made(transport)
        self.transport = cast(asyncio.Transport, JoinedWrites(transport, self.loop))

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # says nothing of use
        """Refuse what cannot be parsed; requests before it on the connection are answered first."""
        if self.cycle and not self.cycle.response_complete and not self.cycle.more_body:
            self.cycle.keep_alive = False
            return
        request_id = uuid.uuid4().hex
        logger.info("not HTTP", extra={"fields": {"request_id": request_id, "status": 400}})
        headers = {"Connection": "close", "X-Request-ID": request_id}
        answer = problem(HTTPStatus.BAD_REQUEST, "the request is not HTTP", headers=headers)
        fields = [*self.server_state.default_headers, *answer.raw_headers]
        head = [b"HTTP/1.1 400 Bad Request", *(b"%s: %s" % field for field in fields)]
        self.transport.write(b"\r\n".join([*head, b"", bytes(answer.body)]))
        self.transport.close()


class Server(uvicorn.Server):
    """Ends quietly: SIGTERM and SIGINT lead to exit code 0 once all that came is answered."""

    def __init__(self, app: FastAPI, settings: Settings, leave: Callable[[], None]) -> None:
        """`leave` is called in the signal handler, at once, to tell the app."""
        super().__init__(
            uvicorn.Config(
                app,
                host=settings.host,
                port=settings.port,
                http=ProblemProtocol,
                ws="none",
                lifespan="on",
                log_config=None,  # service.process.logs has set it up
                log_level=settings.log_level,
                access_log=False,  # service.http.access_log writes it
                server_header=False,
                proxy_headers=False,  # nothing here depends on who asks
            )
        )
        self._leave = leave
        self._grace_seconds = settings.shutdown_grace_seconds

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """As uvicorn's, but the signal is not raised again afterwards, which would end in 143."""
        self._leave()
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer on open connections while anything is in flight, then close; within the grace."""
        deadline = monotonic() + self._grace_seconds
        await self._stop_listening(sockets or [])
        silent_until = monotonic() + SILENT_SECONDS
        while self._is_busy(silent_until) and not self.force_exit and monotonic() < deadline:
            await asyncio.sleep(POLL_SECONDS)
        self.config.timeout_graceful_shutdown = max(0, math.ceil(deadline - monotonic()))
        await super().shutdown(sockets)

    async def _stop_listening(self, sockets: list[socket.socket]) -> None:
        """Stop, but take what the kernel has taken: closing alone would reset it."""
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

    def _protocol(self) -> ProblemProtocol:
        return ProblemProtocol(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )

    def _is_busy(self, silent_until: float) -> bool:
        """Whether anything is to be answered, or an open connection may yet ask something."""
        may_ask = bool(self.server_state.connections) and monotonic() < silent_until
        return bool(self.server_state.tasks) or may_ask
