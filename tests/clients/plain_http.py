"""The same requests as the programs of the generated clients, over plain HTTP."""

import json
from pathlib import Path
from typing import Any

import httpx

from tests import tiny

LATENTS = [[0.0, 0.0], [-1.5, 0.5]]


def told(client: httpx.Client) -> dict[str, Any]:
    """Texts, names and numbers that every client must return unchanged."""
    models = client.get("/models").json()["models"]
    measures = client.get("/models/vae/statistics").json()["measures"]
    return {
        "models": [model["name"] for model in models],
        "plane": client.get("/tiles/vae.json").json()["latent"]["maximum"],
        "training": client.get("/models/vae").json()["training_config"],
        "measures": {measure["name"]: measure["value"] for measure in measures},
        "alive": client.get("/livez").json()["status"],
        "ready": client.get("/readyz").json()["models"],
        "metrics": client.get("/metrics").text.splitlines()[0],
    }


def computed(client: httpx.Client, folder: Path) -> dict[str, Any]:
    """Numbers that some clients round."""
    files = tiny.uploads([(folder / name).read_bytes() for name in ("0.png", "1.png")])
    encoded = client.post("/encode", files=files, data={"model": "vae"})
    picture = client.post("/encode/picture?model=ae", content=(folder / "0.png").read_bytes())
    again = client.post("/reconstruct", files=files, data={"model": "vae"})
    pixels = json.loads((folder / "pixels.json").read_text())
    from_pixels = client.post("/encode/pixels", json={"model": "vae", "images": pixels})
    decoded = client.post("/decode/pixels", json={"model": "vae", "latents": LATENTS})
    return {
        "encode": [entry["mean"] for entry in encoded.json()["latents"]],
        "encode_picture": [entry["mean"] for entry in picture.json()["latents"]],
        "encode_pixels": [entry["mean"] for entry in from_pixels.json()["latents"]],
        "decode_pixels": decoded.json()["images"],
        "reconstruct": [entry["reconstruction"] for entry in again.json()["reconstructions"]],
        "reference": client.get("/models/vae/reference").json()["coordinates"],
    }


def refused(client: httpx.Client, folder: Path) -> dict[str, str]:
    """The detail of one problem of each status."""
    answers = [
        client.get("/models/nope"),
        client.get("/models/broken"),
        client.post("/encode", files=tiny.uploads([(folder / "huge.png").read_bytes()])),
        client.post("/encode", files=tiny.uploads([(folder / "text.png").read_bytes()])),
        client.get("/grid?rows=200&columns=200"),
    ]
    return {str(answer.status_code): answer.json()["detail"] for answer in answers}


def drawn(client: httpx.Client) -> dict[str, bytes]:
    """Pictures, by the names of the files that the programs write."""
    points = {"model": "vae", "latents": LATENTS}
    path = {**points, "method": "spherical", "bounce": True}
    return {
        "decode.png": client.post("/decode", json={**points, "columns": 2}).content,
        "path.png": client.post("/interpolate/animation", json=path).content,
        "strip.png": client.post("/interpolate", json={**points, "steps": 3}).content,
        "tile.png": client.get("/tiles/ae/10/511/512.png").content,
        "reference.png": client.get("/models/vae/reference.png").content,
        "grid.png": client.get("/grid?model=ae&rows=3&columns=5").content,
    }
