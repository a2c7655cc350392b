"""Random requests to every operation, and the comparison of two answers to the same request."""

import io
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np
import numpy.typing as npt
from PIL import Image

from tests import tiny

Numbers = npt.NDArray[np.floating[Any]]
LATENT_TOLERANCE = 1e-4
LEVEL_TOLERANCE = 1.0
PIXEL_TOLERANCE = 1 / 255


@dataclass(frozen=True)
class Call:
    """One request. `numbers` extracts what must agree within `tolerance` from its answer."""

    kind: str
    method: str
    path: str
    arguments: dict[str, Any]
    numbers: Callable[[bytes], Numbers]
    tolerance: float

    async def send(self, client: httpx.AsyncClient) -> httpx.Response:
        return await client.request(self.method, self.path, **self.arguments)

    def is_right(self, answer: bytes, expected: bytes) -> bool:
        """Whether two answers agree except for rounding."""
        if answer == expected:
            return True
        found, wanted = self.numbers(answer), self.numbers(expected)
        return found.shape == wanted.shape and bool(
            (np.abs(found - wanted) <= self.tolerance).all()
        )


def make_calls(chance: random.Random, models: list[str], each: int) -> list[Call]:
    """`each` requests of every kind, with random models, sizes and values."""
    makers = (_encode_files, _encode_picture, _encode_pixels, _reconstruct, _decode, _decode_pixels)
    drawers = (_interpolate, _grid, _tile)
    calls = [make(chance, chance.choice(models)) for make in makers + drawers for _ in range(each)]
    calls += [_models(name) for name in models]
    return calls


def _encode_files(chance: random.Random, model: str) -> Call:
    files = [_picture(chance) for _ in range(chance.randint(1, 12))]
    arguments = {"files": tiny.uploads(files), "data": {"model": model}}
    return Call("encode", "POST", "/encode", arguments, _latents, LATENT_TOLERANCE)


def _encode_picture(chance: random.Random, model: str) -> Call:
    arguments = {"params": {"model": model}, "content": _picture(chance)}
    return Call("encode picture", "POST", "/encode/picture", arguments, _latents, LATENT_TOLERANCE)


def _picture(chance: random.Random) -> bytes:
    mode, format_name = chance.choice(
        [("L", "PNG"), ("RGB", "JPEG"), ("RGBA", "PNG"), ("P", "GIF"), ("RGB", "WEBP")]
    )
    size = (chance.randint(10, 400), chance.randint(10, 400))
    buffer = io.BytesIO()
    Image.effect_noise(size, chance.uniform(5, 80)).convert(mode).save(buffer, format_name)
    return buffer.getvalue()


def _encode_pixels(chance: random.Random, model: str) -> Call:
    generator = np.random.default_rng(chance.getrandbits(32))
    images = generator.random((chance.randint(1, 64), 28, 28)).round(3).tolist()
    body = {"model": model, "images": images}
    return Call(
        "encode pixels", "POST", "/encode/pixels", {"json": body}, _latents, LATENT_TOLERANCE
    )


def _reconstruct(chance: random.Random, model: str) -> Call:
    files = [_picture(chance) for _ in range(chance.randint(1, 12))]
    arguments = {"files": tiny.uploads(files), "data": {"model": model}}
    return Call("reconstruct", "POST", "/reconstruct", arguments, _redrawn, PIXEL_TOLERANCE)


def _decode(chance: random.Random, model: str) -> Call:
    body = {"model": model, "latents": _points(chance, 600), "scale": chance.randint(1, 3)}
    return Call("decode", "POST", "/decode", {"json": body}, _levels, LEVEL_TOLERANCE)


def _decode_pixels(chance: random.Random, model: str) -> Call:
    body = {"model": model, "latents": _points(chance, 40)}
    return Call("decode pixels", "POST", "/decode/pixels", {"json": body}, _pixels, PIXEL_TOLERANCE)


def _interpolate(chance: random.Random, model: str) -> Call:
    body = {
        "model": model,
        "latents": [*_points(chance, 4), [0.5, -0.25]],
        "method": chance.choice(["linear", "spherical"]),
        "steps": chance.randint(1, 20),
        "scale": chance.randint(1, 2),
    }
    return Call("interpolate", "POST", "/interpolate", {"json": body}, _levels, LEVEL_TOLERANCE)


def _tile(chance: random.Random, model: str) -> Call:
    zoom = chance.randint(7, 12)
    column, row = (2 ** (zoom - 1) + chance.randint(-2, 1) for _ in "xy")
    return Call(
        "tile", "GET", f"/tiles/{model}/{zoom}/{column}/{row}.png", {}, _levels, LEVEL_TOLERANCE
    )


def _grid(chance: random.Random, model: str) -> Call:
    query = {
        "model": model,
        "rows": chance.randint(1, 30),
        "columns": chance.randint(1, 30),
        "x_min": round(chance.uniform(-5, 0), 2),
        "y_max": round(chance.uniform(0.1, 5), 2),
        "spacing": chance.choice(["linear", "quantile"]),
        "scale": chance.randint(1, 2),
    }
    return Call("grid", "GET", "/grid", {"params": query}, _levels, LEVEL_TOLERANCE)


def _models(name: str) -> Call:
    return Call("models", "GET", f"/models/{name}", {}, _latent_bounds, 0.0)


def _points(chance: random.Random, most: int) -> list[list[float]]:
    count = chance.randint(1, most)
    return [[round(chance.gauss(0, 2), 3), round(chance.gauss(0, 2), 3)] for _ in range(count)]


def _latents(answer: bytes) -> Numbers:
    return np.array([entry["mean"] for entry in json.loads(answer)["latents"]], float)


def _redrawn(answer: bytes) -> Numbers:
    entries = json.loads(answer)["reconstructions"]
    return np.array([entry["reconstruction"] for entry in entries], float)


def _pixels(answer: bytes) -> Numbers:
    return np.array(json.loads(answer)["images"], float)


def _levels(answer: bytes) -> Numbers:
    return tiny.read_levels(answer).astype(float)


def _latent_bounds(answer: bytes) -> Numbers:
    return np.array(list(json.loads(answer)["grid_bounds"].values()), float)
