"""Runs the command and the program of docs/open-inference.md."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from service.settings import Settings
from tests.server import serve

PAGE = (Path(__file__).parent.parent / "docs" / "open-inference.md").read_text()
[COMMAND] = re.findall(r"^curl .*$", PAGE, re.MULTILINE)
[PROGRAM] = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(
    "command",
    [
        [*shlex.split(COMMAND), "--fail-with-body", "--silent"],
        [sys.executable, "-c", f"{PROGRAM}\nassert pixels.shape == (2, 1, 28, 28)"],
    ],
    ids=["curl", "program"],
)
def test_page_shows_what_works(command: list[str]) -> None:
    with serve(["-m", "service"], Settings().model_repository) as (address, _):
        host = address.removeprefix("http://")
        here = [argument.replace("localhost:8000", host) for argument in command]
        subprocess.run(here, check=True, stdout=subprocess.DEVNULL)
