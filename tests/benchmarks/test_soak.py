from pathlib import Path

import pytest

from tests import tiny
from tests.benchmarks import soak


@pytest.mark.slow
def test_soak_sends_every_kind_and_finds_nothing_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny.publish(tmp_path, "vae")
    tiny.publish(tmp_path, "ae")
    options = ["--minutes", "0.1", "--connections", "8", "--reloads", "0"]

    soak.main([*options, "--repository", str(tmp_path)])  # too short a run to judge memory

    figures = capsys.readouterr().out
    for kind in ("decode", "decode pixels", "encode", "encode pixels", "grid", "models"):
        assert f"{kind} " in figures
    for fault in ("wrong", "not identical", "unexpected", "cut off"):
        assert f"{fault:14} {0:9}" in figures
