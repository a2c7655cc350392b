"""uvicorn's HTTP/1.1 protocol with a header limit, joined writes and problem details."""

import asyncio
import logging
import uuid
from http import HTTPStatus
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from service.http.problems import Refusal, write_problem

logger = logging.getLogger("service.access")

# Limits the request line, headers and trailers; one more read from the socket may exceed it.
# uvicorn has a limit for its slower parser only.
MAX_HEADER_BYTES = 64 * 1024


class Protocol(HttpToolsProtocol):
    """Limits everything but the body, which the pipeline limits."""

    _pending_bytes = 0
    _has_progressed = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        # uvicorn's FlowControl keeps the transport itself, to pause and resume reads.
        super().connection_made(transport)
        self.transport = cast(asyncio.Transport, JoinedWrites(transport, self.loop))

    def data_received(self, data: bytes) -> None:
        self._has_progressed = False
        super().data_received(data)
        self._pending_bytes = 0 if self._has_progressed else self._pending_bytes + len(data)
        if self._pending_bytes > MAX_HEADER_BYTES and not self.transport.is_closing():
            self.send_400_response("")

    def on_headers_complete(self) -> None:
        self._has_progressed = True
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._has_progressed = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._has_progressed = True
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # uvicorn's text helps nobody
        """Refuse bytes that are not HTTP, but let the response before them finish."""
        if self.cycle and not self.cycle.response_complete and not self.cycle.more_body:
            self.cycle.keep_alive = False
            return
        request_id = uuid.uuid4().hex
        logger.info("not HTTP", extra={"fields": {"request_id": request_id, "status": 400}})
        headers = {"Connection": "close", "X-Request-ID": request_id}
        refusal = Refusal(HTTPStatus.BAD_REQUEST, "the request is not HTTP", (), headers)
        answer = write_problem(refusal)
        fields = [*self.server_state.default_headers, *answer.headers]
        lines = [b"HTTP/1.1 400 Bad Request", *(b"%s: %s" % field for field in fields)]
        self.transport.write(b"\r\n".join([*lines, b"", answer.content]))
        self.transport.close()


class JoinedWrites:
    """A transport that sends the headers of a response together with its body.

    uvicorn writes them separately, which costs a second system call, a second packet and a second
    wake-up of the client. The first write is held until the next write or the next turn of the
    event loop.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held = list[bytes]()
        self._flush_later: asyncio.Handle | None = None

    def write(self, data: bytes) -> None:
        self._held.append(data)
        if self._flush_later is None:
            self._flush_later = self._loop.call_soon(self._flush)
        else:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def _flush(self) -> None:
        if self._flush_later is not None:
            self._flush_later.cancel()
            self._flush_later = None
        if self._held:
            held, self._held = self._held, []
            self._transport.writelines(held)
