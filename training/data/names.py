"""What the names of arrays and files say: which part of the data it is, and what it holds."""

import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

from training.data.source import PART_WORDS, PartName

Role = Literal["pictures", "labels", "names"]
LABELS = frozenset({"labels", "label", "y", "target", "targets", "class", "classes"})
PICTURES = frozenset({"pictures", "images", "image", "imgs", "img", "x", "data", "pixels"})


class Meaning(NamedTuple):
    part: PartName | None
    role: Role | None


def meaning_of(*names: str) -> Meaning:
    """What names say, of which the first are the more telling, such as a key before its file."""
    words = [re.findall(r"[a-z]+[0-9]*[a-z]*", name.lower()) for name in names]
    parts = [part_of(found) for found in words]
    roles = [_role_of(found) for found in words]
    return Meaning(
        next((part for part in parts if part), None), next((role for role in roles if role), None)
    )


def part_of(words: Iterable[str]) -> PartName | None:
    """The part that one of the words names, the last one if several do."""
    found = [PART_WORDS[word] for word in words if word in PART_WORDS]
    return found[-1] if found else None


def _role_of(words: list[str]) -> Role | None:
    if LABELS & {*words}:
        return "names" if "names" in words else "labels"
    return "pictures" if PICTURES & {*words} else None
