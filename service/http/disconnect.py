"""Cancels the work on a request when its client disconnects."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from starlette.types import Receive

Result = TypeVar("Result")


class Disconnected(Exception):
    """The client closed its connection; nobody reads an answer."""


async def unless_disconnected(receive: Receive, work: Awaitable[Result]) -> Result:
    """The result of `work`, which is cancelled when the client disconnects: it may never have run.

    Call it after the body has been read: then a disconnect is all that `receive` can bring.
    Raises Disconnected.
    """
    task = asyncio.current_task()
    assert task is not None
    is_gone = False

    async def watch() -> None:
        nonlocal is_gone
        while (await receive())["type"] != "http.disconnect":
            pass
        is_gone = True
        task.cancel()

    watcher = asyncio.create_task(watch())
    try:
        return await work
    except asyncio.CancelledError:
        if not is_gone:
            raise
        task.uncancel()
        raise Disconnected from None
    finally:
        watcher.cancel()
