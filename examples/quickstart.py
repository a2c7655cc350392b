"""python quickstart.py PICTURE...: encodes pictures into latent space and decodes them again.

Needs httpx. ATLAS_URL says where the service is.
"""

import os
import sys
from pathlib import Path

import httpx

ADDRESS = os.environ.get("ATLAS_URL", "http://localhost:8000")


def main(paths: list[Path]) -> None:
    """Encode the pictures, decode their means into one mosaic, and draw the whole plane."""
    with httpx.Client(base_url=ADDRESS, timeout=30) as client:
        files = [("images", (path.name, path.read_bytes())) for path in paths]
        encoded = checked(client.post("/encode", files=files, data={"model": "vae"})).json()
        means = [entry["mean"] for entry in encoded["latents"]]
        for path, entry in zip(paths, encoded["latents"], strict=True):
            print(path.name, entry["mean"], "near data" if entry["in_support"] else "far off")
        mosaic = checked(client.post("/decode", json={"model": "vae", "latents": means}))
        Path("redrawn.png").write_bytes(mosaic.content)
        Path("plane.png").write_bytes(checked(client.get("/grid?model=vae")).content)


def checked(answer: httpx.Response) -> httpx.Response:
    """Returns the answer, or exits with the error that the service reports."""
    if answer.is_error:
        problem = answer.json()
        places = ", ".join(fault["pointer"] for fault in problem["errors"])
        sys.exit(f"{problem['status']} {problem['detail']} {places}")
    return answer


if __name__ == "__main__":
    main([Path(argument) for argument in sys.argv[1:]])
