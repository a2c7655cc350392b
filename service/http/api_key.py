"""The API key that clients send, checked before anything of the body is read."""

import hmac
from collections.abc import Collection

from service.errors import KeyRequired
from service.http.exchange import Exchange

HEADER = "X-API-Key"
DETAIL = f"this operation needs the right key in the header {HEADER}"


class ApiKey:
    """Asks for the key, except where a path is open to all.

    `open_paths` are whole paths, or prefixes that end with a slash.
    """

    def __init__(self, key: str, open_paths: Collection[str]) -> None:
        self._key = key.encode()
        self._open_paths = frozenset(open_paths)
        self._open_folders = tuple(
            path for path in open_paths if path.endswith("/") and path != "/"
        )

    def check(self, exchange: Exchange) -> None:
        """Raise KeyRequired unless the request carries the key, once, or needs none."""
        if self._is_open(exchange.path):
            return
        given = exchange.values(b"x-api-key")
        if len(given) != 1 or not hmac.compare_digest(given[0], self._key):
            raise KeyRequired(DETAIL)

    def _is_open(self, path: str) -> bool:
        return path in self._open_paths or path.startswith(self._open_folders)
