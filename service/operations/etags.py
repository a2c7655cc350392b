"""Conditional requests (RFC 9110) for answers that depend on the model and the query alone."""

import hashlib
import re

from service.artifact.contract import Artifact
from service.operations.grids import Grid

# Part of every tag: raise it when the same would be drawn, written or compressed differently.
DRAWING = 2

# A tag stays right until the model is replaced, which the tag shows at no cost: so a cache may
# keep the picture for ever but asks each time.
CACHE_CONTROL = "public, no-cache"


def grid_tag(grid: Grid) -> str:
    """A strong entity tag: equal for equal bytes, whatever defaults the query spelled out."""
    return answer_tag(
        grid.artifact, grid.rows, grid.columns, grid.x, grid.y, grid.spacing, grid.scale
    )


def answer_tag(artifact: Artifact, *parts: object) -> str:
    """A strong entity tag of what the model answers, as `parts` say."""
    text = f"{DRAWING} {artifact.digest} {parts!r}"
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def is_current(if_none_match: str | None, tag: str) -> bool:
    """Whether an If-None-Match header names `tag` (weak comparison, RFC 9110 section 13.1.2)."""
    if if_none_match is None:
        return False
    return if_none_match.strip() == "*" or tag in re.findall(r'"[^"]*"', if_none_match)
