"""python flight.py FRAMES: draws the frames of a flight into the latent plane, several at once.

At most AT_ONCE requests are in flight. After a 503 the program waits for the time in Retry-After
and tries again. Needs httpx. ATLAS_URL says where the service is.
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
    """Draw the frames; each is closer to the middle than the one before."""
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
    """Get a grid. Retries while the service is full."""
    for _ in range(ATTEMPTS):
        answer = await client.get("/grid", params=query)
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            return answer.raise_for_status()
        await asyncio.sleep(float(answer.headers["Retry-After"]))
    raise TimeoutError("the service stayed full")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
