"""python flight.py FRAMES: the pictures of a flight into the latent plane, many at once.

A fixed number of requests is under way at any time; one that is told to come back later (503)
does so after the time that the answer names. Needs httpx. ATLAS_URL says where the service is.
"""

import asyncio
import os
import sys
from pathlib import Path

import httpx

ADDRESS = os.environ.get("ATLAS_URL", "http://localhost:8000")
AT_ONCE = 8
ATTEMPTS = 20


async def main(frames: int) -> None:
    """Draw each frame closer to the middle than the one before it."""
    gate = asyncio.Semaphore(AT_ONCE)
    async with (
        httpx.AsyncClient(base_url=ADDRESS, timeout=60) as client,
        asyncio.TaskGroup() as flight,
    ):
        for number in range(frames):
            flight.create_task(draw(client, gate, number, 4 * 0.9**number))
    print(frames, "frames")


async def draw(client: httpx.AsyncClient, gate: asyncio.Semaphore, number: int, end: float) -> None:
    """Draw the plane from -end to end into frame-NNN.png."""
    bounds = {"x_min": -end, "x_max": end, "y_min": -end, "y_max": end}
    async with gate:
        answer = await get_when_there_is_room(client, {"model": "vae", **bounds})
    Path(f"frame-{number:03}.png").write_bytes(answer.content)


async def get_when_there_is_room(
    client: httpx.AsyncClient, query: dict[str, str | float]
) -> httpx.Response:
    """The answer of /grid; while the service is full, ask again."""
    for _ in range(ATTEMPTS):
        answer = await client.get("/grid", params=query)
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            return answer.raise_for_status()
        await asyncio.sleep(float(answer.headers["Retry-After"]))
    raise TimeoutError("the service stayed full")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
