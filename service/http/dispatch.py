"""ASGI middleware that calls the operations most asked for, without matching or resolving.

FastAPI documents these operations and answers whatever else comes to their paths; between a small
request and its answer it would take longer than the model does.
"""

from collections.abc import Awaitable, Callable, Iterable

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from service.errors import ServiceError
from service.http.problems import service_problem

Operation = Callable[[Request], Awaitable[Response]]


class Dispatch:
    """Calls an operation by its exact method and path; passes every other request on.

    The routes have no path parameters, and their endpoints take the request and nothing else.
    """

    def __init__(self, app: ASGIApp, routes: Iterable[BaseRoute], retry_after_seconds: int) -> None:
        self._app = app
        self._retry_after_seconds = retry_after_seconds
        self._routes = {
            (method, route.path): route
            for route in routes
            if isinstance(route, APIRoute)
            for method in route.methods or ()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass the request on."""
        route = scope["type"] == "http" and self._routes.get((scope["method"], scope["path"]))
        if not route:
            await self._app(scope, receive, send)
            return
        scope["route"] = route  # as the router would; what observes requests reads it
        operation: Operation = route.endpoint
        try:
            answer = await operation(Request(scope, receive))
        except ServiceError as exc:
            answer = service_problem(exc, self._retry_after_seconds)
        await answer(scope, receive, send)
