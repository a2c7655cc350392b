"""ASGI middleware: under /v2 every error has the Open Inference Protocol's shape.

Whatever layer refuses a request says so with a problem; here it is put in that protocol's words,
`{"error": "..."}`, with 400 where the service's own API says 422.
"""

import json
from http import HTTPStatus

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.http.problems import MEDIA_TYPE

PREFIX = "/v2"


class OpenInferenceErrors:
    """Rewrites problems that answer requests for PREFIX and below."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; hold a problem's head back until its body is there."""
        if scope["type"] != "http" or not _is_below(scope["path"]):
            await self._app(scope, receive, send)
            return
        head: Message | None = None

        async def rewriting_send(message: Message) -> None:
            nonlocal head
            if message["type"] == "http.response.start" and _is_problem(message):
                head = message
            elif head is None:
                await send(message)
            else:  # a problem is one message
                is_head_request = scope["method"] == "HEAD"
                body = b"" if is_head_request else _translate(message["body"])
                await send(_translated_head(head, None if is_head_request else len(body)))
                await send({"type": "http.response.body", "body": body})

        await self._app(scope, receive, rewriting_send)


def _is_below(path: str) -> bool:
    return path == PREFIX or path.startswith(f"{PREFIX}/")


def _is_problem(message: Message) -> bool:
    return MutableHeaders(scope=message).get("content-type") == MEDIA_TYPE


def _translated_head(head: Message, length: int | None) -> Message:
    headers = MutableHeaders(raw=list(head["headers"]))
    headers["content-type"] = "application/json"
    del headers["content-length"]
    if length is not None:
        headers["content-length"] = str(length)
    is_wrong_value = head["status"] == HTTPStatus.UNPROCESSABLE_ENTITY
    status = HTTPStatus.BAD_REQUEST if is_wrong_value else head["status"]
    return {**head, "status": int(status), "headers": headers.raw}


def _translate(body: bytes) -> bytes:
    problem = json.loads(body)
    places = ", ".join(fault["pointer"] for fault in problem["errors"])
    text = f"{problem['detail']} ({places})" if places else problem["detail"]
    return json.dumps({"error": text}).encode()
