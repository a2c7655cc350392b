import re

import pytest

from tests.benchmarks.large_data import main


@pytest.mark.slow
@pytest.mark.parametrize("kind", [[], ["--files"]])
def test_each_step_is_measured(kind: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    main(["--pictures", "300", *kind])

    measured = re.findall(r": \d+ s, at most ([\d.]+) GB\n", capsys.readouterr().out)
    assert len(measured) == 3
    assert max(map(float, measured)) < 2
