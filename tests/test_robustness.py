"""Checks that the tests named in docs/robustness.md exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "robustness.md").read_text()


def test_every_test_that_the_page_names_is_there() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))

    named = set(re.findall(r"`(test_\w+)`", PAGE))

    assert len(named) > 40
    assert [name for name in sorted(named) if f"def {name}(" not in sources] == []


def test_every_row_names_a_test() -> None:
    page = PAGE.partition("<!-- amplification")[0]  # measurements follow
    rows = [row for row in page.splitlines() if row.startswith("| ") and "---" not in row]

    assert [row for row in rows if "`test_" not in row and "what happens" not in row] == []
