"""One request, and what the pipeline knows of it so far."""

import random
import re
from time import perf_counter

from starlette.datastructures import QueryParams
from starlette.types import Receive, Scope

from service.errors import Invalid

BLANKS = b" \t"  # OWS of RFC 9110, 5.6.3
MAX_PARAMETERS = 64  # no operation has as many
SANE_ID = re.compile(rb"[A-Za-z0-9._:/+=@-]{1,64}")


class Exchange:
    """A request on its way through the pipeline.

    `headers` holds values without the blanks around them (RFC 9110, 5.5); of a header sent twice,
    the first. HEAD counts as GET: only `send` tells them apart.
    """

    __slots__ = (
        *("headers", "id", "method", "path", "path_parameters"),
        *("receive", "route", "scope", "started"),
    )

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.started = perf_counter()
        self.scope = scope
        self.receive = receive
        self.headers: dict[bytes, bytes] = {
            name: value.strip(BLANKS) for name, value in reversed(scope["headers"])
        }
        self.id = _request_id(self.headers.get(b"x-request-id"))
        self.method = "GET" if scope["method"] == "HEAD" else scope["method"]
        self.path: str = scope["path"].removeprefix(scope.get("root_path", "")) or "/"
        self.path_parameters: dict[str, str] = {}
        self.route: str | None = None  # the template of the operation that answers

    @property
    def is_head(self) -> bool:
        return bool(self.scope["method"] == "HEAD")

    def header(self, name: str) -> str | None:
        """The first value of a header; `name` is in lower case."""
        value = self.headers.get(name.encode())
        return None if value is None else value.decode("latin-1")

    def media_type(self) -> bytes:
        """That of the body, in lower case and without its parameters; empty if there is none."""
        value = self.headers.get(b"content-type", b"")
        return value.partition(b";")[0].rstrip(BLANKS).lower()

    def values(self, name: bytes) -> list[bytes]:
        """Every value of a header that may be sent several times; `name` is in lower case."""
        return [value.strip(BLANKS) for key, value in self.scope["headers"] if key == name]

    def tokens(self, name: bytes) -> list[bytes]:
        """The words of a header that is a list of them, in lower case (RFC 9110, 5.6.1)."""
        words = b",".join(self.values(name)).lower().split(b",")
        return [word for it in words if (word := it.strip(BLANKS))]

    def query(self) -> QueryParams:
        """The parameters of the address. Raises Invalid, unparsed, if there are too many."""
        query: bytes = self.scope["query_string"]
        if query.count(b"&") >= MAX_PARAMETERS:
            raise Invalid(f"a query has at most {MAX_PARAMETERS} parameters", "/query")
        return QueryParams(query)


def _request_id(given: bytes | None) -> str:
    """The client's own id where it is sane, so that logs along the way can be joined."""
    if given is not None and SANE_ID.fullmatch(given):
        return given.decode()
    return f"{random.getrandbits(128):032x}"  # to tell requests apart, not a secret
