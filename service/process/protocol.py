"""uvicorn's HTTP/1.1 protocol with a header limit, joined writes and problem details."""

import asyncio
import logging
import re
import uuid
from http import HTTPStatus
from typing import Any, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from service.http.problems import Refusal, write_problem
from service.process.connections import Connections, Phase

logger = logging.getLogger("service.access")

# Limits the request line, headers and trailers; one more read from the socket may exceed it.
# uvicorn has a limit for its slower parser only.
MAX_HEADER_BYTES = 64 * 1024


class Unacceptable(Exception):
    """A callback of the parser raises it for a head that the parser takes and this server not."""

    def __init__(self, status: HTTPStatus, detail: str) -> None:
        super().__init__(detail)
        self.status = status


VERSIONS = ("1.1", "1.0")
# RFC 3986, 3.2.2 and 3.2.3: a name, IPv4 or [IPv6] address, and a port. Blanks do not count.
HOST = re.compile(
    rb"(?:(?:[A-Za-z0-9_.~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?[ \t]*"
)
NOT_HTTP = "the request is not HTTP"


class Protocol(HttpToolsProtocol):
    """Limits everything but the body, which the pipeline limits."""

    since = 0
    answer_bytes = 0
    unsent = 0
    held = 0
    _pending_bytes = 0
    _has_progressed = False
    _is_in_head = False
    _is_broken = False
    _is_held = False

    def __init__(self, limits: Connections, *uvicorns: Any, **named: Any) -> None:
        super().__init__(*uvicorns, **named)
        self._limits = limits

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        # uvicorn's FlowControl keeps the transport itself, to pause and resume reads.
        super().connection_made(transport)
        self._writes = JoinedWrites(transport, self.loop)
        self.transport = cast(asyncio.Transport, self._writes)
        if not self._limits.add(self):
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, "there are too many connections")

    def connection_lost(self, exc: Exception | None) -> None:
        self._limits.remove(self)
        super().connection_lost(exc)

    @property
    def phase(self) -> Phase:
        if self.unsent:
            return Phase.SEND
        if self.pipeline or (self.cycle and _is_whole(self.cycle)):
            return Phase.ANSWER
        if self.cycle and not self.cycle.response_complete:
            # Where reading is paused, it is the pipeline that has not asked for more.
            return Phase.ANSWER if self.flow.read_paused else Phase.BODY
        return Phase.HEAD if self._is_in_head else Phase.IDLE

    def unsent_bytes(self) -> int:
        return self.transport.get_write_buffer_size()

    def end(self) -> None:
        phase = self.phase
        if phase is Phase.IDLE:
            self.transport.close()
        elif phase is Phase.SEND:
            self.transport.abort()
        else:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "the request did not come in time")

    def pause_writing(self) -> None:
        """The client reads more slowly than it asks: let it read before it asks for more."""
        super().pause_writing()
        self.flow.pause_reading()
        self.answer_bytes = self._writes.batch_bytes()
        self._limits.count_unsent(self)

    def resume_writing(self) -> None:
        super().resume_writing()
        self.answer_bytes = 0
        self._limits.count_unsent(self)
        if self._is_held:
            self._is_held = False
            self._go_on()
        else:
            self.flow.resume_reading()

    def data_received(self, data: bytes) -> None:
        self._has_progressed = False
        try:
            self._parse(data)
        except HttpParserError as exc:
            cause = exc.__context__
            status = cause.status if isinstance(cause, Unacceptable) else HTTPStatus.BAD_REQUEST
            self._give_up(status, str(cause) if isinstance(cause, Unacceptable) else NOT_HTTP)
        if self._has_progressed:
            self._pending_bytes = 0
            self.since = self._limits.now
        else:
            self._pending_bytes += len(data)
            if self._pending_bytes > MAX_HEADER_BYTES:
                self._give_up(HTTPStatus.BAD_REQUEST, NOT_HTTP)

    def _parse(self, data: bytes) -> None:
        """Feed the parser. Raises HttpParserError.

        This server accepts no offer to upgrade, and answers as if there were none (RFC 9110, 7.8).
        But the parser believes each offer: it stops after the head, without the body. So a second
        parser reads the same head without the offer and continues from there.
        """
        rest: bytes | memoryview = data
        while True:
            try:
                self.parser.feed_data(rest)
                return
            except HttpParserUpgrade as offer:
                rest = memoryview(rest)[offer.args[0] :]
            head = self._head_without_offer()
            self.parser = HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does
            self.parser.feed_data(head)

    def _head_without_offer(self) -> bytes:
        request = b"%s %s HTTP/%s" % (
            self.parser.get_method(),
            self.url,
            self.parser.get_http_version().encode(),
        )
        fields = [b"%s: %s" % field for field in self.headers if field[0] != b"upgrade"]
        return b"\r\n".join([request, *fields, b"", b""])

    def on_message_begin(self) -> None:
        self._is_in_head = True
        self.since = self._limits.now
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._has_progressed = True
        self._is_in_head = False
        if self.parser.should_upgrade():  # `_parse` has another parser read this head again
            if self.parser.get_method() == b"CONNECT":
                raise Unacceptable(HTTPStatus.NOT_IMPLEMENTED, "this server is no proxy")
            return
        self._check_head()
        super().on_headers_complete()

    def _check_head(self) -> None:
        """Raise Unacceptable for another version of HTTP, and for a wrong Host (RFC 9112, 3.2)."""
        version = self.parser.get_http_version()
        if version not in VERSIONS:
            status = HTTPStatus.HTTP_VERSION_NOT_SUPPORTED
            raise Unacceptable(status, "this server speaks HTTP/1.1 and HTTP/1.0")
        hosts = [value for name, value in self.headers if name == b"host"]
        if not hosts and version == "1.0":
            return
        if len(hosts) != 1 or not HOST.fullmatch(hosts[0]):
            detail = "a request needs exactly one header Host, and that names a host"
            raise Unacceptable(HTTPStatus.BAD_REQUEST, detail)

    def on_body(self, body: bytes) -> None:
        self._has_progressed = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._has_progressed = True
        if not self.parser.should_upgrade():
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Go on with the next request, once the client has read most of this answer."""
        self.server_state.total_requests += 1
        self.since = self._limits.now
        if self.flow.write_paused:
            self._is_held = True
        else:
            self._go_on()

    def _go_on(self) -> None:
        if self._is_broken and not (self.pipeline and _is_whole(self.pipeline[-1][0])):
            self.transport.close()
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())

    def _give_up(self, status: HTTPStatus, detail: str) -> None:
        """Refuse bytes that are no request, but let the whole requests before them finish."""
        if self.transport.is_closing():
            return
        if self.pipeline or (self.cycle and _is_whole(self.cycle)):
            self._is_broken = True
            if not self.cycle.more_body:
                self.cycle.keep_alive = False
        else:
            self._refuse(status, detail)

    def _refuse(self, status: HTTPStatus, detail: str) -> None:
        """Answer instead of the pipeline, which needs a request, and close."""
        request_id = uuid.uuid4().hex
        fields: dict[str, object] = {"request_id": request_id, "status": int(status)}
        logger.info(detail, extra={"fields": fields})
        headers = {"Connection": "close", "X-Request-ID": request_id}
        answer = write_problem(Refusal(status, detail, (), headers))
        lines = [b"HTTP/1.1 %d %s" % (status, status.phrase.encode())]
        lines += (b"%s: %s" % it for it in [*self.server_state.default_headers, *answer.headers])
        self.transport.write(b"\r\n".join([*lines, b"", answer.content]))
        self.transport.close()


def _is_whole(cycle: RequestResponseCycle) -> bool:
    """Whether the request has been received to its end, and not yet answered."""
    return not cycle.response_complete and not cycle.more_body


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
        self._batch = list[bytes]()
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

    def abort(self) -> None:
        self._transport.abort()

    def get_write_buffer_size(self) -> int:
        return self._transport.get_write_buffer_size()

    def batch_bytes(self) -> int:
        """The size of what is being written, while the transport says that it is too much."""
        return sum(map(len, self._batch))

    def _flush(self) -> None:
        if self._flush_later is not None:
            self._flush_later.cancel()
            self._flush_later = None
        if self._held:
            self._batch, self._held = self._held, []
            self._transport.writelines(self._batch)
            self._batch = []
