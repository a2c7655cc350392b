"""A whole answer, before it is sent."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from service.artifact.contract import Artifact

Headers = Sequence[tuple[bytes, bytes]]
NO_HEADERS: Headers = ()


@dataclass(slots=True)
class Answer:
    """Status, headers and content; and the artifact that computed it, if one did.

    `has_policy`: among the headers is a Content-Security-Policy of its own.
    """

    status: int
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    content: bytes = b""
    artifact: Artifact | None = None
    has_policy: bool = False


def answer_with(
    status: int,
    content: bytes,
    content_type: str,
    headers: Headers = NO_HEADERS,
    artifact: Artifact | None = None,
) -> Answer:
    """An answer whose headers end with those that describe its content."""
    described = [
        *headers,
        (b"content-length", b"%d" % len(content)),
        (b"content-type", content_type.encode()),
    ]
    return Answer(status, described, content, artifact)
