import logging

import pytest

from training.progress import Progress, watched


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, in its only entry."""
    now = [0.0]
    monkeypatch.setattr("training.progress.time.monotonic", lambda: now[0])
    return now


def test_long_epoch_without_a_terminal_gives_a_line_every_half_minute(
    clock: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    with Progress("vae", epochs=2, steps_per_epoch=10, epochs_done=0) as shown:
        for step in range(1, 11):
            clock[0] += 12
            shown.advance(1, step, {"loss": 250.0})

    assert caplog.messages == [
        "epoch 1/2, step 3/10: loss 250.0, 03:24 left",
        "epoch 1/2, step 6/10: loss 250.0, 02:48 left",
        "epoch 1/2, step 9/10: loss 250.0, 02:12 left",
    ]


def test_time_left_of_a_resumed_run_is_at_its_own_pace(clock: list[float]) -> None:
    with Progress("vae", epochs=3, steps_per_epoch=10, epochs_done=2) as shown:
        for step in range(1, 6):
            clock[0] += 2
            shown.advance(3, step, {"loss": 250.0})

        assert shown.time_left == "00:10"


def test_many_pictures_without_a_terminal_give_a_line_every_half_minute(
    clock: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    for _ in watched(range(2000), 2000, "fitting photos"):
        clock[0] += 0.04

    assert caplog.messages == ["fitting photos: 751 of 2,000", "fitting photos: 1,502 of 2,000"]
