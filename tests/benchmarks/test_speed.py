import re

import pytest

from tests.benchmarks.speed import main
from tests.benchmarks.works import make_works


@pytest.mark.slow
def test_every_work_is_measured_on_every_server(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seconds", "1", "--rounds", "1", "--connections", "4"]) == 0

    shown = capsys.readouterr().out
    for work in make_works():
        for server in ("ours", "plain FastAPI", "bare uvicorn"):
            (answered,) = re.findall(rf"\| {work} \| {server} \| 4 \| ([\d,]+) \|", shown)
            assert int(answered.replace(",", "")) > 0
    assert "start to ready" in shown
