"""Small work: gathered into one call where nobody can tell, and never for long."""

import asyncio
import dataclasses
import itertools
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.artifact.arrays import Floats
from service.artifact.contract import Artifact
from service.artifact.load import load_artifact
from service.errors import Invalid, Overloaded
from service.serving.gatherer import MAX_ROWS, TURN_SECONDS, Gatherer
from service.serving.metrics import Metrics
from service.serving.work import Batch, Unanswerable, Work


@pytest.fixture(scope="module")
def artifact(repository: Path) -> Artifact:
    artifact = load_artifact(repository / "vae" / "1")
    return dataclasses.replace(artifact, is_batch_invariant=True)


class Doubling:
    """A program that notes the rows of its calls, and has no answer for negative ones."""

    def __init__(self) -> None:
        self.calls = list[list[float]]()

    def __call__(self, _: Artifact, rows: Floats) -> tuple[Floats, Floats]:
        self.calls.append(rows[:, 0].tolist())
        if rows.min() < 0:
            raise Unanswerable("negative", int(rows[:, 0].argmin()))
        return rows[:, 0] * 2, rows[:, 0] + 1


def write(doubled: Floats, next_up: Floats) -> list[list[float]]:
    return [doubled.tolist(), next_up.tolist()]


def work_of(
    artifact: Artifact,
    program: Doubling,
    *values: float,
    size: float = 0.125,
    finish: Callable[..., Any] = write,
) -> Work[Any]:
    rows = np.array(values, np.float32)[:, None]
    batch = Batch(program, rows, finish, "/body/rows")
    return Work(artifact, lambda: batch, size, "images", len(values))


def ask(
    works: Sequence[Work[Any]], queue: int = 256, clock: Callable[[], float] = lambda: 0
) -> list[Any]:
    """The answers to all, asked for in one turn of the event loop; errors as they are."""

    async def gather() -> list[Any]:
        gatherer = Gatherer(queue, Metrics(), clock)
        return await asyncio.gather(*map(gatherer.compute, works), return_exceptions=True)

    return asyncio.run(gather())


def test_what_is_ready_in_one_turn_is_computed_in_one_call(artifact: Artifact) -> None:
    program = Doubling()

    answers = ask([work_of(artifact, program, 1, 2), work_of(artifact, program, 3)])

    assert program.calls == [[1, 2, 3]]
    assert answers == [[[2, 4], [2, 3]], [[6], [4]]]


def test_programs_and_models_are_not_mixed(artifact: Artifact) -> None:
    first, second = Doubling(), Doubling()
    other = dataclasses.replace(artifact)

    ask(
        [
            work_of(artifact, first, 1),
            work_of(artifact, second, 2),
            work_of(other, first, 3),
            work_of(artifact, first, 4),
        ]
    )

    assert first.calls == [[1, 4], [3]]
    assert second.calls == [[2]]


def test_model_whose_rows_depend_on_their_batch_gets_one_request_a_call(
    artifact: Artifact,
) -> None:
    varying, program = dataclasses.replace(artifact, is_batch_invariant=False), Doubling()

    answers = ask([work_of(varying, program, 1), work_of(varying, program, 2, 3)])

    assert program.calls == [[1], [2, 3]]
    assert answers == [[[2], [2]], [[4, 6], [3, 4]]]


def test_calls_have_at_most_as_many_rows_as_are_tested_at_load(artifact: Artifact) -> None:
    program = Doubling()

    ask([work_of(artifact, program, *range(8), size=0.01) for _ in range(2 * MAX_ROWS // 8)])

    assert [len(rows) for rows in program.calls] == [MAX_ROWS, MAX_ROWS]


def test_rows_without_an_answer_fail_their_own_request_alone(artifact: Artifact) -> None:
    program = Doubling()

    first, wrong, last = ask(
        [
            work_of(artifact, program, 1),
            work_of(artifact, program, 2, -1),
            work_of(artifact, program, 3),
        ]
    )

    assert (first, last) == ([[2], [2]], [[6], [4]])
    assert isinstance(wrong, Invalid)
    assert wrong.faults[0].pointer == "/body/rows/1"


def test_errors_before_and_after_the_call_stay_with_their_request(artifact: Artifact) -> None:
    program = Doubling()

    def fail(*_: Floats) -> None:
        raise Invalid("wrong")

    unreadable = work_of(artifact, program, 0)._replace(prepare=fail)
    unwritable = work_of(artifact, program, 5, finish=fail)

    answers = ask([unreadable, work_of(artifact, program, 1), unwritable])

    assert [type(answer) for answer in answers] == [Invalid, list, Invalid]
    assert program.calls == [[1, 5]]


def test_answer_that_takes_no_model_is_given_as_it_is(artifact: Artifact) -> None:
    ready = Work(artifact, lambda: b"ready", 0.5, "latents", 1)

    assert ask([ready]) == [b"ready"]


def test_turn_of_the_event_loop_is_limited(artifact: Artifact) -> None:
    ticks = itertools.count(step=TURN_SECONDS / 10)
    between = list[int]()

    async def turns() -> None:
        gatherer = Gatherer(256, Metrics(), lambda: next(ticks))
        program = Doubling()
        works = [work_of(artifact, program, *range(MAX_ROWS)) for _ in range(9)]
        answers = [gatherer.compute(work) for work in works]
        while not all(answer.done() for answer in answers):
            await asyncio.sleep(0)  # health and other requests get their turn
            between.append(sum(answer.done() for answer in answers))

    asyncio.run(turns())

    assert between[-1] == 9
    assert len(set(between)) > 2


def test_large_drawings_fill_a_call_sooner(artifact: Artifact) -> None:
    program = Doubling()

    ask([work_of(artifact, program, 1, size=1) for _ in range(10)])

    assert [len(rows) for rows in program.calls] == [8, 2]


def test_only_as_many_as_the_queue_holds_wait_for_the_next_turn(artifact: Artifact) -> None:
    ticks = itertools.count(step=TURN_SECONDS)  # a turn ends before its second call
    program = Doubling()
    works = [work_of(artifact, program, *range(MAX_ROWS)) for _ in range(5)]

    answers = ask(works, queue=2, clock=lambda: next(ticks))

    overloaded = [isinstance(answer, Overloaded) for answer in answers]
    assert overloaded == [False, False, False, True, True]


def test_work_that_is_cancelled_while_it_waits_never_runs(artifact: Artifact) -> None:
    program = Doubling()

    async def leave() -> list[Any]:
        gatherer = Gatherer(256, Metrics())
        gone = gatherer.compute(work_of(artifact, program, 1))
        stays = gatherer.compute(work_of(artifact, program, 2))
        gone.cancel()
        return list(await asyncio.gather(gone, stays, return_exceptions=True))

    gone, stays = asyncio.run(leave())

    assert isinstance(gone, asyncio.CancelledError)
    assert (stays, program.calls) == ([[4], [3]], [[2]])


def test_calls_and_what_they_gather_are_counted(artifact: Artifact) -> None:
    metrics, program = Metrics(), Doubling()

    async def gather() -> None:
        compute = partial(Gatherer(256, metrics).compute)
        await asyncio.gather(*(compute(work_of(artifact, program, 1)) for _ in range(3)))

    asyncio.run(gather())

    assert b"atlas_inference_gathered_count 1.0" in metrics.render()
    assert b"atlas_inference_gathered_sum 3.0" in metrics.render()
    assert b"atlas_inference_compute_seconds_count 1.0" in metrics.render()
