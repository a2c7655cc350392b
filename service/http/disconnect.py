"""ASGI middleware that drops a request whose client has gone away before its answer."""

import asyncio
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.http.problems import problem


class Departure:
    """Cancels the handler when its client leaves: work that still waits for a place never runs.

    A handler that is cancelled because the grace of a shutdown is over answers 503 instead.
    """

    def __init__(self, app: ASGIApp, retry_after_seconds: int) -> None:
        self._app = app
        self._retry_after = str(retry_after_seconds)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, watching its connection once its body has been read."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        connection = _Connection(receive, send)
        if not _has_body(scope):
            connection.watch(owes_empty_body=True)
        try:
            await self._app(scope, connection.receive, connection.send)
        except asyncio.CancelledError:
            if connection.has_answered:
                raise
            if not connection.is_gone:
                await self._refuse(scope, receive, send)
        finally:
            connection.end_watch()

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {"Retry-After": self._retry_after, "Connection": "close"}
        detail = "the service is shutting down"
        await problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, (), headers)(scope, receive, send)


class _Connection:
    """One request's `receive` and `send`, and the task that waits for the client to leave."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._handler = asyncio.current_task()
        self._watch_start: asyncio.Handle | None = None
        self._watcher: asyncio.Task[Message] | None = None
        self._owes_empty_body = False
        self.has_answered = False
        self.is_gone = False

    def watch(self, owes_empty_body: bool = False) -> None:
        """Wait for the disconnect, which is all that can come once the body has been read.

        A request that is answered without ever waiting is not watched: its client was there.
        """
        self._owes_empty_body = owes_empty_body
        self._watch_start = asyncio.get_running_loop().call_soon(self._begin_watch)

    def end_watch(self) -> None:
        """Stop waiting."""
        if self._watch_start is not None:
            self._watch_start.cancel()
        if self._watcher is not None:
            self._watcher.cancel()

    async def receive(self) -> Message:
        """The next message; a client that leaves while its body is read ends the handler."""
        if self._owes_empty_body:
            self._owes_empty_body = False
            return {"type": "http.request", "body": b"", "more_body": False}
        if self._watch_start is not None:
            return await asyncio.shield(self._begin_watch())
        message = await self._receive()
        if message["type"] == "http.disconnect" and not self.has_answered:
            self.is_gone = True
            raise asyncio.CancelledError
        if not message.get("more_body", False):
            self.watch()
        return message

    async def send(self, message: Message) -> None:
        """Send on; from the first message the handler is let finish."""
        self.has_answered = True
        await self._send(message)

    def _begin_watch(self) -> asyncio.Task[Message]:
        if self._watcher is None:
            self._watcher = asyncio.create_task(self._wait())
        return self._watcher

    async def _wait(self) -> Message:
        message = await self._receive()
        while message["type"] != "http.disconnect":
            message = await self._receive()
        if not self.has_answered:
            self.is_gone = True
            assert self._handler is not None
            self._handler.cancel()
        return message


def _has_body(scope: Scope) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in scope["headers"]
    )
