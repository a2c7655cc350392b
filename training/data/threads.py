"""Maps a function over many items in threads: Pillow decodes and resizes outside Python's lock."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

MAX_THREADS = 8
BATCH = 16  # items that a thread takes at a time
AHEAD = 4  # batches for each thread that may wait; bounds memory

Given = TypeVar("Given")
Made = TypeVar("Made")


def mapped(function: Callable[[Given], Made], items: Iterable[Given]) -> Iterator[Made]:
    """`map`, in order. Takes only so many items as it needs ahead."""
    threads = min(MAX_THREADS, os.cpu_count() or 1)
    pool, waiting = ThreadPoolExecutor(threads), deque[Future[list[Made]]]()
    left = iter(items)
    try:
        while batch := list(islice(left, BATCH)):
            waiting.append(pool.submit(_each, function, batch))
            if len(waiting) > AHEAD * threads:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _each(function: Callable[[Given], Made], batch: list[Given]) -> list[Made]:
    return [function(item) for item in batch]
