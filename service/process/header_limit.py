"""uvicorn's HTTP protocol with a limit on what surrounds a body: request line, headers, trailers.

uvicorn's own limit holds for its slower parser only; with this one a client could fill the memory.
"""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 64 * 1024  # and what one more read from the socket brings


class HeadLimitProtocol(HttpToolsProtocol):
    """Ends a connection on which much arrives that completes no head and is no body."""

    _pending_bytes = 0
    _has_progressed = False

    def data_received(self, data: bytes) -> None:
        """Parse what arrived, and refuse a head that grows too large."""
        self._has_progressed = False
        super().data_received(data)
        self._pending_bytes = 0 if self._has_progressed else self._pending_bytes + len(data)
        if self._pending_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The head of the request is too large.")

    def on_headers_complete(self) -> None:
        """A head is complete."""
        self._has_progressed = True
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Some of a body, whose size the app limits."""
        self._has_progressed = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A request is complete."""
        self._has_progressed = True
        super().on_message_complete()
