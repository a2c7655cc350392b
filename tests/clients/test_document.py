"""Lints docs/openapi.json with the tools that API teams use."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.clients.generate import SOURCE, environment

pytestmark = pytest.mark.slow

ROOT = SOURCE.parent.parent


def lint(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
    )


def spectral(document: str) -> subprocess.CompletedProcess[str]:
    rules = ("--ruleset", "tests/clients/spectral.yaml", "--fail-severity", "hint")
    return lint("spectral", "lint", document, *rules)


def redocly_errors(document: str) -> int:
    report = lint("redocly", "lint", document, "--format", "json").stdout
    totals = json.JSONDecoder().raw_decode(report, report.index("{"))[0]["totals"]
    errors: int = totals["errors"]
    return errors


def test_spectral_finds_nothing() -> None:
    done = spectral("docs/openapi.json")

    assert done.returncode == 0, done.stdout


def test_redocly_finds_no_error() -> None:
    assert redocly_errors("docs/openapi.json") == 0


def test_linters_find_what_is_wrong(tmp_path: Path) -> None:
    document = json.loads((ROOT / "docs" / "openapi.json").read_text())
    for name in ("operationId", "summary"):
        del document["paths"]["/grid"]["get"][name]
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps(document))

    assert spectral(str(wrong)).returncode == 1
    assert redocly_errors(str(wrong)) == 1
