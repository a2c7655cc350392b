"""ASGI middleware: HEAD wherever GET is, without a second operation in the OpenAPI document."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadAsGet:
    """Answers HEAD with the headers of GET and no body (RFC 9110 section 9.3.2).

    The app computes the answer all the same, since Content-Length is that of the picture.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass HEAD on as GET; whatever the method, complete the Allow of a 405."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_head = scope["method"] == "HEAD"

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.start":
                _allow_head(MutableHeaders(scope=message))
            elif is_head:
                message = {**message, "body": b""}
            await send(message)

        inner = {**scope, "method": "GET"} if is_head else scope
        try:
            await self._app(inner, receive, send_head)
        finally:
            if "route" in inner:  # for what observes requests from outside
                scope["route"] = inner["route"]


def _allow_head(headers: MutableHeaders) -> None:
    if allowed := headers.get("allow"):
        methods = {method.strip() for method in allowed.split(",")}
        if "GET" in methods:
            methods.add("HEAD")
        headers["allow"] = ", ".join(sorted(methods))
