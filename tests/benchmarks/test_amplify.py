from pathlib import Path

import pytest

from service.app import ROUTERS
from tests.benchmarks.amplify import BEGIN, END, main
from tests.benchmarks.costly import make_cases

SHORT = ["--seconds", "0.1", "--connections", "2", "--unread", "2", "--unread-seconds", "1"]


@pytest.mark.slow
def test_costs_are_read_from_a_real_server(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nof the last run\n{END}\nafter\n")

    main([*SHORT, "--operations", "/decode/pixels", "unread answers", "--page", str(page)])

    shown = page.read_text()
    cost, beside, unread = [
        [cell.strip() for cell in row.split("|")[1:-1]]
        for row in shown.splitlines()
        if row.startswith(("| `/decode/pixels` | 256 points |", "| 1 |"))
    ]
    assert cost[2] == "200"
    assert all(float(figure.replace(",", "")) > 0 for figure in (cost[3], cost[4], cost[8]))
    assert all(float(figure) > 0 for figure in beside[2].split(" / "))
    assert unread[2] == "2"
    assert shown.startswith("before\n")
    assert shown.endswith("after\n")
    assert "of the last run" not in shown


def test_every_operation_has_a_case() -> None:
    cases = {case.operation for case in make_cases()}
    operations = [operation for router in ROUTERS for operation in router.operations]

    plans_without = {it.plan for it in operations} - {
        it.plan for it in operations if it.path in cases
    }

    assert plans_without == set()


def test_cases_have_different_names() -> None:
    named = [(case.operation, case.name) for case in make_cases()]

    assert len(named) > 60
    assert len(set(named)) == len(named)
