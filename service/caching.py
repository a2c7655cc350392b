"""Conditional requests (RFC 9110) for pictures that depend on the model and the query alone."""

import hashlib
import re

from service.grids import Grid

# Part of every tag: raise it when the same grid would be drawn or compressed differently.
DRAWING = 2

# A tag stays right until the model is replaced, which the tag shows at no cost: so a cache may
# keep the picture for ever but asks each time.
CACHE_CONTROL = "public, no-cache"


def grid_tag(grid: Grid) -> str:
    """A strong entity tag: equal for equal bytes, whatever defaults the query spelled out."""
    parts = (grid.rows, grid.columns, grid.x, grid.y, grid.spacing, grid.scale)
    text = f"{DRAWING} {grid.artifact.digest} {parts!r}"
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def is_current(if_none_match: str | None, tag: str) -> bool:
    """Whether an If-None-Match header names `tag` (weak comparison, RFC 9110 section 13.1.2)."""
    if if_none_match is None:
        return False
    return if_none_match.strip() == "*" or tag in re.findall(r'"[^"]*"', if_none_match)
