import asyncio
import itertools
import threading

import pytest

from service.errors import Overloaded
from service.serving.executor import Executor, Unwanted, stop_if_unwanted
from service.serving.metrics import Metrics


def test_work_beyond_places_and_queue_is_refused_at_once() -> None:
    async def overload() -> list[bool]:
        executor = Executor(places=1, queue=1)
        gate = threading.Event()
        accepted = [asyncio.ensure_future(executor.run(gate.wait)) for _ in range(2)]
        await asyncio.sleep(0)  # let both start
        with pytest.raises(Overloaded):
            await executor.run(gate.wait)
        with pytest.raises(Overloaded):
            executor.require_room()
        gate.set()
        answers = await asyncio.gather(*accepted)
        executor.require_room()
        answers.append(await executor.run(gate.is_set))
        executor.close()
        return answers

    assert asyncio.run(overload()) == [True, True, True]


def test_waiter_that_is_cancelled_never_runs() -> None:
    async def cancel() -> list[str]:
        executor = Executor(places=1, queue=2)
        gate, ran = threading.Event(), list[str]()
        running = asyncio.ensure_future(executor.run(gate.wait))
        await asyncio.sleep(0)
        waiting = asyncio.ensure_future(executor.run(lambda: ran.append("cancelled")))
        neighbour = asyncio.ensure_future(executor.run(lambda: ran.append("neighbour")))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(running, neighbour)
        executor.close()
        return ran

    assert asyncio.run(cancel()) == ["neighbour"]


def test_running_work_that_is_cancelled_stops_at_its_next_step() -> None:
    async def cancel() -> list[str]:
        executor = Executor(places=1, queue=1)
        begun, gate, ended = threading.Event(), threading.Event(), list[str]()

        def compute() -> None:
            begun.set()
            gate.wait()
            try:
                stop_if_unwanted()
                ended.append("finished")
            except Unwanted:
                ended.append("stopped")
                raise

        running = asyncio.ensure_future(executor.run(compute))
        await asyncio.to_thread(begun.wait)
        running.cancel()
        await asyncio.sleep(0)
        gate.set()
        await executor.run(compute)  # the next work in the same place is wanted
        executor.close()
        return ended

    assert asyncio.run(cancel()) == ["stopped", "finished"]


def test_work_outside_a_place_is_always_wanted() -> None:
    stop_if_unwanted()


def test_failure_reaches_its_caller_alone_and_frees_the_place() -> None:
    async def ask() -> list[object]:
        executor = Executor(places=1, queue=1)
        results = await asyncio.gather(
            executor.run(lambda: 1 // 0), executor.run(lambda: "right"), return_exceptions=True
        )
        executor.require_room()
        executor.close()
        return list(results)

    failed, right = asyncio.run(ask())

    assert isinstance(failed, ZeroDivisionError)
    assert right == "right"


def test_computing_and_waiting_are_timed() -> None:
    metrics, times = Metrics(), itertools.count()

    async def compute() -> None:
        executor = Executor(1, 0, metrics, clock=lambda: next(times))
        await executor.run(lambda: None)
        executor.close()

    asyncio.run(compute())

    assert b"atlas_inference_compute_seconds_count 1.0" in metrics.render()
    assert b"atlas_inference_compute_seconds_sum 1.0" in metrics.render()
    assert b"atlas_inference_queue_seconds_sum 1.0" in metrics.render()
