"""python -m service.openapi_file: print the OpenAPI document as docs/openapi.json holds it."""

import json
import re
import sys
from typing import Any

from service.app import create_app

NUMBERS = re.compile(r"\[\s+(-?[\d.]+(?:,\s+-?[\d.]+)*)\s+\]")


def render(document: dict[str, Any]) -> str:
    """The document as text that shows a change as a small difference."""
    text = json.dumps(document, indent=2, ensure_ascii=False)
    return NUMBERS.sub(_on_one_line, text) + "\n"


def _on_one_line(numbers: re.Match[str]) -> str:
    """A list of numbers without line breaks; a picture would otherwise take a thousand lines."""
    return f"[{' '.join(numbers[1].split())}]"


if __name__ == "__main__":
    sys.stdout.write(render(create_app().openapi()))
