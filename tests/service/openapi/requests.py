"""Requests from the declarations of operations: the example, and the wrong requests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi.testclient import TestClient

from service.app import ROUTERS
from service.http.operation import Operation
from service.openapi.document import IF_NONE_MATCH_EXAMPLE
from service.settings import Settings
from tests import pictures, tiny

OPERATIONS = [
    operation for router in ROUTERS if router.include_in_schema for operation in router.operations
]
PICTURE = tiny.picture_bytes(tiny.random_levels(1)[0])
SAMPLES: Mapping[str, Callable[[], bytes]] = {
    "a picture": lambda: PICTURE,
    "half a picture": lambda: PICTURE[: len(PICTURE) // 2],
    "a huge picture": lambda: pictures.png((60_000, 60_000), 8, 6, b""),
    "a text": lambda: b"not a picture",
}


@dataclass
class Request:
    """A request to an operation, as httpx sends it."""

    method: str
    address: str
    parts: dict[str, Any] = field(default_factory=dict)

    def send(self, client: TestClient) -> httpx.Response:
        answer: httpx.Response = client.request(self.method, self.address, **self.parts)
        return answer


def right_request(operation: Operation) -> Request:
    """The operation's example."""
    return request_to(operation, {})


def wrong_request(operation: Operation, status: int) -> Request:
    """The request that triggers the operation's error of this status."""
    changes = operation.wrong[status].request
    assert changes is not None
    return request_to(operation, changes)


def request_to(operation: Operation, changes: Mapping[str, Any]) -> Request:
    """The example with `changes`; Wrong.request describes their parts."""
    example, schemas = dict(operation.example), operation.schemas
    in_path = schemas["path"].model_fields if "path" in schemas else ()
    path = {name: value for name, value in example.items() if name in in_path}
    parts: dict[str, Any] = {"headers": dict(changes.get("headers", {}))}
    if "size" in changes:
        assert operation.body_reader is not None
        parts["headers"]["content-type"] = operation.body_reader.media_type
        parts["content"] = bytes(min(changes["size"], Settings().max_body_bytes + 1))
    elif "content" in changes:
        parts["content"] = changes["content"]
    elif operation.body_reader and operation.body_schema is None:  # a file
        (name,) = changes.get("files", ["a picture"])
        parts["content"] = SAMPLES[name]()
        parts["params"] = example | changes.get("params", {})
    elif "body" in schemas:
        parts["json"] = example | changes.get("json", {})
    elif "form" in schemas:
        files = changes.get("files", ["a picture"])
        parts["files"] = tiny.uploads([SAMPLES[name]() for name in files])
        parts["data"] = example | changes.get("data", {})
    else:
        query = {name: value for name, value in example.items() if name not in in_path}
        parts["params"] = query | changes.get("params", {})
    if operation.answers.is_kept:
        parts["headers"]["if-none-match"] = IF_NONE_MATCH_EXAMPLE
    address = operation.path.format(**path | changes.get("path", {}))
    return Request(operation.method, address, parts)
