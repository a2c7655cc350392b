"""python -m tests.benchmarks.soak: mixed traffic to a real server, with every answer compared.

It stops after the given minutes. The exit code is 0 if nothing was wrong, otherwise 1.
"""

import argparse
import asyncio
import os
import random
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from service.settings import Settings
from tests.benchmarks.calls import Call, make_calls
from tests.memory import resident_bytes
from tests.server import serve

GROWTH_LIMIT_PERCENT = 5.0
KILLED_SHARE = 0.02  # of the requests; their client disconnects midway
LONGEST_PATIENCE_SECONDS = 0.05  # how long a client waits at most before it gives up
CALLS_OF_A_KIND = 24  # different requests; each is first sent alone, for the comparison


@dataclass
class Tally:
    """What the clients have seen so far."""

    answered: Counter[str] = field(default_factory=Counter)
    unexpected: Counter[int] = field(default_factory=Counter)
    overloaded: int = 0
    killed: int = 0
    cut: int = 0  # the server closed a connection without an answer
    wrong: int = 0
    not_identical: int = 0

    @property
    def server_errors(self) -> int:
        """5xx other than 503."""
        return sum(count for status, count in self.unexpected.items() if status >= 500)


def main(arguments: list[str] | None = None) -> int:
    """Run the soak and print its figures."""
    options = _options(arguments)
    with serve(["-m", "service"], options.repository) as (address, process):
        tally, memory = asyncio.run(_soak(options, address, process.pid))
    return _report(tally, memory)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--reloads", type=int, default=2, help="SIGHUPs, evenly spread")
    parser.add_argument("--repository", type=Path, default=Settings().model_repository)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args(arguments)


async def _soak(options: argparse.Namespace, address: str, pid: int) -> tuple[Tally, list[int]]:
    """Returns the tally, and resident bytes after the first minute and at the end."""
    chance = random.Random(options.seed)
    seconds = options.minutes * 60
    async with httpx.AsyncClient(base_url=address, timeout=60) as client:
        models = (await client.get("/models")).json()["models"]
        calls = make_calls(chance, [model["name"] for model in models], CALLS_OF_A_KIND)
        expected = [await _expect(call, client) for call in calls]
    tally, end = Tally(), time.monotonic() + seconds
    pairs = list(zip(calls, expected, strict=True))
    traffic = [
        _send_until(end, address, pairs, random.Random(chance.getrandbits(32)), tally)
        for _ in range(options.connections)
    ]
    async with asyncio.TaskGroup() as group:
        first = group.create_task(_measure(pid, min(60.0, seconds / 2)))
        group.create_task(_reload(pid, options.reloads, seconds))
        for connection in traffic:
            group.create_task(connection)
    return tally, [first.result(), resident_bytes(pid)]


async def _expect(call: Call, client: httpx.AsyncClient) -> bytes:
    answer = await call.send(client)
    answer.raise_for_status()
    return answer.content


async def _send_until(
    end: float,
    address: str,
    pairs: list[tuple[Call, bytes]],
    chance: random.Random,
    tally: Tally,
) -> None:
    """Send requests on one connection, one after another, and abandon some midway."""
    async with httpx.AsyncClient(base_url=address, timeout=60) as client:
        while time.monotonic() < end:
            call, expected = chance.choice(pairs)
            patience = (
                chance.uniform(0, LONGEST_PATIENCE_SECONDS)
                if chance.random() < KILLED_SHARE
                else None
            )
            try:
                async with asyncio.timeout(patience):
                    answer = await call.send(client)
            except TimeoutError:
                tally.killed += 1
            except httpx.TransportError:
                tally.cut += 1
            else:
                _judge(call, answer, expected, tally)


def _judge(call: Call, answer: httpx.Response, expected: bytes, tally: Tally) -> None:
    if answer.status_code == 503:
        tally.overloaded += 1
    elif answer.status_code != 200:
        tally.unexpected[answer.status_code] += 1
    else:
        tally.answered[call.kind] += 1
        tally.not_identical += answer.content != expected
        tally.wrong += not call.is_right(answer.content, expected)


async def _measure(pid: int, after_seconds: float) -> int:
    await asyncio.sleep(after_seconds)
    return resident_bytes(pid)


async def _reload(pid: int, count: int, seconds: float) -> None:
    for _ in range(count):
        await asyncio.sleep(seconds / (count + 1))
        os.kill(pid, signal.SIGHUP)


def _report(tally: Tally, memory: list[int]) -> int:
    first, last = memory
    growth = 100 * (last - first) / first
    faults = tally.wrong + tally.not_identical + tally.unexpected.total() + tally.cut
    is_passed = faults == 0 and growth < GROWTH_LIMIT_PERCENT and tally.answered.total() > 0
    lines = [
        *(f"{kind:14} {count:9} answered" for kind, count in sorted(tally.answered.items())),
        f"{'all':14} {tally.answered.total():9} answered",
        f"killed midway  {tally.killed:9}",
        f"503            {tally.overloaded:9}",
        f"wrong          {tally.wrong:9}",
        f"not identical  {tally.not_identical:9}",
        f"other 5xx      {tally.server_errors:9}",
        f"unexpected     {tally.unexpected.total():9} {dict(tally.unexpected)}",
        f"cut off        {tally.cut:9}",
        f"resident       {first / 2**20:.0f} MB after the first minute, "
        f"{last / 2**20:.0f} MB at the end: {growth:+.1f} %",
        "passed" if is_passed else "FAILED",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0 if is_passed else 1


if __name__ == "__main__":
    sys.exit(main())
