"""ASGI middleware that asks for an API key, before anything of the body is read."""

import hmac
from http import HTTPStatus

from starlette.types import ASGIApp, Receive, Scope, Send

from service.http.problems import problem

HEADER = "X-API-Key"
# Orchestrators and balancers hold no key, and a client needs the document to learn of it.
OPEN_PATHS = frozenset(
    {
        *("/livez", "/readyz", "/v2/health/live", "/v2/health/ready"),
        *("/openapi.json", "/docs", "/docs/start.js"),
        *("/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css", "/docs/favicon-32x32.png"),
        "/",
    }
)
# The page's own files: it asks for the key once it is there.
OPEN_FOLDER = "/explorer/"


class ApiKey:
    """Answers 401 to requests without the key, but for what is open to all."""

    def __init__(self, app: ASGIApp, key: str) -> None:
        self._app = app
        self._key = key.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on if it may."""
        if scope["type"] != "http" or _is_open(scope["path"]) or has_key(scope, self._key):
            await self._app(scope, receive, send)
            return
        headers = {"WWW-Authenticate": f'ApiKey header="{HEADER}"'}
        detail = f"this operation needs the right key in the header {HEADER}"
        await problem(HTTPStatus.UNAUTHORIZED, detail, (), headers)(scope, receive, send)


def _is_open(path: str) -> bool:
    return path in OPEN_PATHS or path.startswith(OPEN_FOLDER)


def has_key(scope: Scope, key: bytes) -> bool:
    """Whether a request carries the key, once."""
    given = [value for name, value in scope["headers"] if name == b"x-api-key"]
    return len(given) == 1 and hmac.compare_digest(given[0], key)
