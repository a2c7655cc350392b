"""python -m service.openapi_file: prints the content of docs/openapi.json."""

import json
import re
import sys
from typing import Any

from service.app import create_app

NUMBERS = re.compile(r"\[\s+(-?[\d.]+(?:,\s+-?[\d.]+)*)\s+\]")


def render(document: dict[str, Any]) -> str:
    """The document as text in which a change makes a small diff.

    Each list of numbers is on one line; a picture would otherwise take a thousand lines.
    """
    text = json.dumps(document, indent=2, ensure_ascii=False)
    return NUMBERS.sub(lambda numbers: f"[{' '.join(numbers[1].split())}]", text) + "\n"


if __name__ == "__main__":
    sys.stdout.write(render(create_app().openapi()))
