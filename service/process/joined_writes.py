"""A connection's writes, joined: the head of an answer leaves together with its body.

uvicorn writes them one after the other, which costs a second system call, a second packet and a
second waking of the client.
"""

import asyncio


class JoinedWrites:
    """What uvicorn uses of a transport to write; holds a first write until the next, or a turn."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held = list[bytes]()
        self._flush_later: asyncio.Handle | None = None

    def write(self, data: bytes) -> None:
        """Hold the first of two; with the second, or in the next turn of the loop, send."""
        self._held.append(data)
        if self._flush_later is None:
            self._flush_later = self._loop.call_soon(self._flush)
        else:
            self._flush()

    def close(self) -> None:
        """Send what is held, then close."""
        self._flush()
        self._transport.close()

    def is_closing(self) -> bool:
        """As the transport's."""
        return self._transport.is_closing()

    def _flush(self) -> None:
        if self._flush_later is not None:
            self._flush_later.cancel()
            self._flush_later = None
        if self._held:
            held, self._held = self._held, []
            self._transport.writelines(held)
