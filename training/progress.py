"""Shows how far a run is: a bar on a terminal, elsewhere a line now and then."""

import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import Never, Self, TypeVar

from tqdm import tqdm

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_LINES = 30  # within an epoch, without a terminal

Item = TypeVar("Item")


class Progress:
    """Counts the steps of a run, of which some may have been done before it was resumed."""

    def __init__(self, name: str, epochs: int, steps_per_epoch: int, epochs_done: int) -> None:
        self.epochs = epochs
        self.steps_per_epoch = steps_per_epoch
        self.steps_left = (epochs - epochs_done) * steps_per_epoch
        self.steps_done = 0  # since the start
        self.started = self.last_line = time.monotonic()
        # Over all steps of the run, so that its time left is the run's.
        self.bar: tqdm[Never] = tqdm(
            total=epochs * steps_per_epoch,
            initial=epochs_done * steps_per_epoch,
            desc=name,
            unit="step",
            disable=None,  # without a terminal
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, at: TracebackType | None
    ) -> None:
        self.bar.close()

    @property
    def time_left(self) -> str:
        """As [hours:]minutes:seconds, at the pace so far."""
        pace = (time.monotonic() - self.started) / max(1, self.steps_done)
        return tqdm.format_interval(pace * self.steps_left)

    def advance(self, epoch: int, step: int, terms: Mapping[str, float]) -> None:
        """Count a step, with its named terms in nats per image."""
        self.steps_done += 1
        self.steps_left -= 1
        shown = {name: f"{value:.1f}" for name, value in terms.items()}
        self.bar.set_postfix({"epoch": epoch, **shown}, refresh=False)
        self.bar.update()
        if self.bar.disable and time.monotonic() - self.last_line >= SECONDS_BETWEEN_LINES:
            self.log(
                f"epoch {epoch}/{self.epochs}, step {step}/{self.steps_per_epoch}: "
                f"loss {terms['loss']:.1f}, {self.time_left} left"
            )

    def log(self, line: str) -> None:
        """A line for people."""
        self.last_line = time.monotonic()
        logger.info("%s", line)


def watched(items: Iterable[Item], total: int, doing: str) -> Iterator[Item]:
    """The items, of which `total` are expected, and how many have been taken so far."""
    last_line = time.monotonic()
    with tqdm(total=total, desc=doing, unit="picture", disable=None) as bar:
        for count, item in enumerate(items, start=1):
            yield item
            bar.update()
            if bar.disable and time.monotonic() - last_line >= SECONDS_BETWEEN_LINES:
                last_line = time.monotonic()
                logger.info("%s: %s of %s", doing, f"{count:,}", f"{total:,}")
