"""Entity tags of answers that depend on the model and the request's address alone (RFC 9110)."""

import hashlib
import re

from service.artifact.contract import Artifact

# Part of every tag: raise it when the same would be drawn, written or compressed differently.
DRAWING = 2


def entity_tag(artifact: Artifact, *parts: object) -> str:
    """A strong entity tag of what the model answers to a request that `parts` describe."""
    text = f"{DRAWING} {artifact.digest} {parts!r}"
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def is_current(if_none_match: str, tag: str) -> bool:
    """Whether an If-None-Match header names `tag` (weak comparison, RFC 9110 section 13.1.2)."""
    return if_none_match == "*" or tag in re.findall(r'"[^"]*"', if_none_match)
