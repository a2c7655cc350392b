"""Makes SIGTERM and SIGHUP end a command as Ctrl-C does: at once, with everything tidied up."""

import contextlib
import os
import signal
from collections.abc import Iterator
from types import FrameType
from typing import Never

# What docker stop, Kubernetes and Slurm send; what a closed terminal sends.
SIGNALS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]

SHELL_SIGNAL = 128  # plus the signal's number is the exit code of what it ended


class Interrupted(KeyboardInterrupt):
    """A signal other than Ctrl-C's ended the command."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


@contextlib.contextmanager
def signals_interrupt() -> Iterator[None]:
    """Raise Interrupted where a signal arrives.

    Without a handler, the first process of a container ignores SIGTERM. A signal that is ignored
    on purpose, as by nohup, stays so.
    """
    previous = {number: signal.signal(number, _interrupt) for number in _heeded()}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def end_at_once() -> None:
    """Exit where a signal arrives before a command runs, when nothing needs tidying up."""
    for number in _heeded():
        signal.signal(number, lambda caught, _: os._exit(SHELL_SIGNAL + caught))


def exit_code(exc: KeyboardInterrupt) -> int:
    """128 and the signal's number, as shells have it: 130 for Ctrl-C, 143 for SIGTERM."""
    return SHELL_SIGNAL + (exc.number if isinstance(exc, Interrupted) else signal.SIGINT)


def _interrupt(number: int, _: FrameType | None) -> Never:
    signal.signal(number, signal.SIG_IGN)  # a second one must not interrupt the tidying up
    raise Interrupted(number)


def _heeded() -> list[signal.Signals]:
    return [number for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
