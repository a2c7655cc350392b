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


def answer_with(
    status: int,
    content: bytes,
    content_type: str,
    headers: Headers,
    artifact: Artifact | None = None,
) -> Answer:
    """An answer with these headers, to which those that describe its content are added."""
    headers.append((b"content-length", b"%d" % len(content)))
    headers.append((b"content-type", content_type.encode()))
    return Answer(status, headers, content, artifact)
