"""A whole answer, before it is sent."""

from dataclasses import dataclass, field

from service.artifact.contract import Artifact

Headers = list[tuple[bytes, bytes]]


@dataclass(slots=True)
class Answer:
    """Status, headers and content; and the artifact that computed it, if one did.

    `has_policy`: among the headers is a Content-Security-Policy of its own.
    """

    status: int
    headers: Headers = field(default_factory=list)
    content: bytes = b""
    artifact: Artifact | None = None
    has_policy: bool = False


def answer_with(status: int, content: bytes, media_type: bytes, headers: Headers) -> Answer:
    """An answer whose headers end with those that describe its content."""
    described = [
        *headers,
        (b"content-length", b"%d" % len(content)),
        (b"content-type", media_type),
    ]
    return Answer(status, described, content)
