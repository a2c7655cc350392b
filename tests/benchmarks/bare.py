"""A floor for comparison: a server that reads the body and answers a constant of the same size."""

import json
import os

from starlette.types import Receive, Scope, Send

SIZES: dict[str, int] = json.loads(os.environ.get("ATLAS_BENCHMARK_SIZES", "{}"))


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with meaningless bytes, as many as the real answer has."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body", False):
        pass
    content = b"x" * SIZES.get(scope["path"], 2)
    headers = [(b"content-length", b"%d" % len(content)), (b"content-type", b"image/png")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})
