"""ASGI middleware that refuses a request body over the limit before it is held in memory."""

import contextlib
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.http.problems import problem

# A body means nothing there (RFC 9110, 9.3.1): nobody reads it, the server drops it as it comes.
BODILESS = frozenset({"GET", "HEAD"})


class BodyTooLarge(Exception):
    """Ends the app's reading; the middleware itself answers."""


class BodyLimit:
    """Answers 413 by Content-Length at once, or as soon as a body without one grows too large."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a counting `receive`."""
        if scope["type"] != "http" or scope["method"] in BODILESS:
            await self._app(scope, receive, send)
            return
        length = _content_length(scope)
        if length is None:
            await self._count(scope, receive, send)
        elif length > self._max_bytes:
            await self._refuse(scope, receive, send)
        else:  # the server ends the body there
            await self._app(scope, receive, send)

    async def _count(self, scope: Scope, receive: Receive, send: Send) -> None:
        received, is_over, has_started = 0, False, False

        async def counting_receive() -> Message:
            nonlocal received, is_over
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._max_bytes:
                is_over = True
                raise BodyTooLarge
            return message

        async def guarded_send(message: Message) -> None:
            nonlocal has_started
            # The framework turns any fault while reading into a 400; ours goes out in its place.
            if not is_over or has_started:
                has_started = True
                await send(message)

        with contextlib.suppress(BodyTooLarge):
            await self._app(scope, counting_receive, guarded_send)
        if is_over and not has_started:
            await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"the body is larger than {self._max_bytes} bytes",
            headers={"Connection": "close"},
        )
        await answer(scope, receive, send)


def _content_length(scope: Scope) -> int | None:
    """What the head says of the body's length; None where it says nothing that holds."""
    length = 0
    for name, value in scope["headers"]:
        if name == b"transfer-encoding":
            return None
        if name == b"content-length":
            if not value.isdigit():
                return None
            length = int(value)
    return length
