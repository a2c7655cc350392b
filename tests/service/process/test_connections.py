"""How long connections may wait for their clients, and how many there may be."""

from typing import Any

import pytest

from service.errors import AnswersUnread
from service.process.connections import RESERVED_FILES, Connections, Phase
from service.serving.metrics import Metrics
from service.serving.unsent import Unsent
from service.settings import Settings


class Held:
    """A connection in any phase."""

    since = 0
    answer_bytes = 0
    unsent = 0
    held = 0

    def __init__(self, phase: Phase, size: int = 0) -> None:
        self.phase = phase
        self.size = size
        self.is_open = True

    def unsent_bytes(self) -> int:
        return self.size

    def end(self) -> None:
        self.is_open = False


class Watched:
    """Connections that may wait three seconds for anything."""

    def __init__(self, *held: Held, **settings: Any) -> None:
        limits = ("keep_alive_seconds", "receive_timeout_seconds", "send_timeout_seconds")
        self.metrics = Metrics()
        self.unsent = Unsent(max_bytes=1000)
        self.connections = Connections(
            Settings.model_validate(dict.fromkeys(limits, 3) | settings),
            self.unsent,
            self.metrics,
        )
        self.taken = [self.connections.add(connection) for connection in held]

    def sweep(self, seconds: int = 1) -> None:
        for _ in range(seconds):
            self.connections.sweep()

    def closed(self, reason: str) -> int:
        """How many were closed for this reason, as /metrics says."""
        line = f'atlas_connections_closed_total{{reason="{reason}"}} '
        text = self.metrics.render().decode()
        return int(float(text.partition(line)[2].partition("\n")[0] or 0))


@pytest.mark.parametrize("phase", [Phase.IDLE, Phase.HEAD, Phase.BODY])
def test_connection_whose_client_sends_nothing_on_is_closed_in_time(phase: Phase) -> None:
    held = Held(phase)
    watched = Watched(held)

    watched.sweep(3)
    assert held.is_open
    watched.sweep()

    assert not held.is_open
    assert watched.closed(phase) == 1


def test_progress_gives_a_connection_its_time_anew() -> None:
    held = Held(Phase.BODY)
    watched = Watched(held)

    watched.sweep(3)
    held.since = watched.connections.now
    watched.sweep(3)

    assert held.is_open


def test_connection_whose_answer_is_computed_has_no_limit() -> None:
    held = Held(Phase.ANSWER)

    Watched(held).sweep(100)

    assert held.is_open


def test_answer_that_its_client_reads_slowly_is_sent_and_one_that_nobody_reads_is_cut() -> None:
    slow, unread = Held(Phase.SEND, size=900), Held(Phase.SEND, size=900)
    watched = Watched(slow, unread)

    for _ in range(6):
        watched.sweep()
        slow.size -= 1

    assert (slow.is_open, unread.is_open) == (True, False)
    assert watched.closed("send") == 1


def test_unread_answers_leave_no_room_for_more_until_they_are_read_or_cut() -> None:
    one, two = Held(Phase.SEND, size=400), Held(Phase.SEND, size=600)
    watched = Watched(one, two)
    watched.sweep()
    with pytest.raises(AnswersUnread):
        watched.unsent.require_room()

    one.size = 0
    watched.connections.count_unsent(one)
    watched.unsent.require_room()
    watched.connections.remove(two)

    assert watched.unsent.bytes == 0


def test_answer_is_held_whole_until_its_last_byte_is_sent() -> None:
    held = Held(Phase.SEND, size=1)
    held.answer_bytes = 700
    watched = Watched(held)

    watched.connections.count_unsent(held)
    assert watched.unsent.bytes == 700
    held.size = held.answer_bytes = 0
    watched.connections.count_unsent(held)

    assert watched.unsent.bytes == 0


def test_longest_idle_connections_make_room_for_new_ones() -> None:
    old, new, busy = Held(Phase.IDLE), Held(Phase.IDLE), Held(Phase.ANSWER)
    watched = Watched(busy, old, new, max_connections=3)
    watched.sweep()
    new.since = watched.connections.now

    assert watched.connections.add(Held(Phase.IDLE))

    assert [it.is_open for it in (busy, old, new)] == [True, False, True]
    watched.sweep()
    assert watched.closed("crowded") == 1


def test_half_sent_requests_make_room_once_nothing_is_idle() -> None:
    head, body, answer = Held(Phase.HEAD), Held(Phase.BODY), Held(Phase.ANSWER)
    watched = Watched(body, head, answer, max_connections=3)

    assert watched.connections.add(Held(Phase.ANSWER))
    assert watched.connections.add(Held(Phase.ANSWER))

    assert [it.is_open for it in (head, body, answer)] == [False, False, True]


def test_connection_is_refused_while_all_others_are_answered() -> None:
    watched = Watched(Held(Phase.ANSWER), Held(Phase.SEND, size=1), max_connections=2)

    assert not watched.connections.add(Held(Phase.IDLE))

    watched.sweep()
    assert watched.closed("refused") == 1


def test_many_connections_are_fewer_than_the_files_a_process_may_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _: (RESERVED_FILES + 2, 4096))
    watched = Watched(*(Held(Phase.ANSWER) for _ in range(3)))

    assert watched.taken == [True, True, False]


def test_too_many_connections_are_one_line_in_the_log_a_second(
    caplog: pytest.LogCaptureFixture,
) -> None:
    watched = Watched(*(Held(Phase.ANSWER) for _ in range(9)), max_connections=1)

    watched.sweep(2)

    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "closed 8 connections" in caplog.text
