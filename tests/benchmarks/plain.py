"""A baseline: the same operations as a first version with FastAPI, Pillow and torch has them."""

import io
from typing import Annotated

import numpy as np
import numpy.typing as npt
import torch
from fastapi import FastAPI, File, Response, UploadFile
from PIL import Image
from pydantic import BaseModel

from service.settings import EMBEDDED_REPOSITORY


class Images(BaseModel):
    images: list[list[list[float]]]


class Latents(BaseModel):
    latents: list[list[float]]


def create_app() -> FastAPI:
    """Synchronous routes, which FastAPI runs in threads."""
    torch.set_num_threads(1)
    model = torch.jit.load(str(EMBEDDED_REPOSITORY / "vae" / "1" / "model.pt"))  # type: ignore[no-untyped-call]
    app = FastAPI()

    def encode(images: npt.NDArray[np.float32]) -> dict[str, object]:
        with torch.inference_mode():
            mean, deviation = model.encode(torch.from_numpy(images).unsqueeze(1))
        return {"mean": mean.tolist(), "standard_deviation": deviation.tolist()}

    def draw(points: npt.NDArray[np.float32], columns: int) -> Response:
        with torch.inference_mode():
            pixels = model.decode(torch.from_numpy(points)).squeeze(1).numpy()
        tiles = np.rint(pixels * 255).astype(np.uint8)
        rows = tiles.reshape(-1, columns, 28, 28).transpose(0, 2, 1, 3).reshape(-1, columns * 28)
        buffer = io.BytesIO()
        Image.fromarray(rows).save(buffer, "PNG")
        return Response(buffer.getvalue(), media_type="image/png")

    @app.get("/readyz")
    def readyz() -> str:
        return "ready"

    @app.post("/encode/pixels")
    def encode_pixels(body: Images) -> dict[str, object]:
        return encode(np.array(body.images, np.float32))

    @app.post("/encode")
    def encode_files(images: Annotated[list[UploadFile], File()]) -> dict[str, object]:
        pictures = [np.asarray(Image.open(file.file).convert("L")) for file in images]
        return encode(np.stack(pictures).astype(np.float32) / np.float32(255))

    @app.post("/decode")
    def decode(body: Latents) -> Response:
        points = np.array(body.latents, np.float32)
        return draw(points, int(len(points) ** 0.5))

    @app.get("/grid")
    def grid(x_min: float, x_max: float) -> Response:
        x, y = np.meshgrid(np.linspace(x_min, x_max, 21), np.linspace(4, -4, 21))
        return draw(np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32), 21)

    return app
