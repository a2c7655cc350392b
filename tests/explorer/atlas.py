"""The page, driven from a test."""

import base64
import io
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx
import numpy as np
import numpy.typing as npt
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from service.settings import EMBEDDED_REPOSITORY
from tests import tiny

Levels = npt.NDArray[np.uint8]

# Turns an <img> or <canvas> into a PNG, in its own size or another.
READ_PICTURE = """(element, [width, height]) => {
  const canvas = document.createElement("canvas");
  canvas.width = width || element.naturalWidth || element.width;
  canvas.height = height || element.naturalHeight || element.height;
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(element, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL().split(",")[1];
}"""


@dataclass
class Atlas:
    page: Page
    service: httpx.Client
    complaints: list[str]  # errors and warnings on the console

    def open(self, fragment: str) -> None:
        """Load the page again with a view."""
        self.page.goto("about:blank")
        self.page.goto(f"{self.service.base_url}{fragment}")
        self.wait()

    def wait(self) -> None:
        """Wait until everything is loaded and drawn."""
        expect(self.page.locator("body")).to_have_attribute("data-ready", "true")
        self.settle()

    def settle(self) -> None:
        """Wait until no request is in flight."""
        self.page.wait_for_load_state("networkidle")

    @property
    def fragment(self) -> str:
        """The view in the address, after `#`."""
        return self.page.url.partition("#")[2]

    def map(self, index: int = 0) -> Locator:
        """A model's map; 0 is the left one."""
        return self.page.locator(".map").nth(index)

    def pixels_from_centre(self, index: int, right: float, down: float) -> tuple[float, float]:
        """A position on the screen, from its offset to the middle of a map."""
        box = self.map(index).bounding_box()
        assert box is not None
        return box["x"] + box["width"] / 2 + right, box["y"] + box["height"] / 2 + down

    @property
    def points(self) -> list[list[float]]:
        """The placed points that are coordinates, not classes."""
        (text,) = re.findall(r"points=([\d.,;-]+)", self.fragment)
        return [[float(value) for value in point.split(",")] for point in text.split(";")]

    def hover(self, index: int, right: float, down: float) -> dict[str, Any]:
        """Move the pointer over a map. Returns the page's report of the picture drawn there."""
        drawn = self.map(index).evaluate_handle(
            "map => ({ next: new Promise(resolve => "
            "map.addEventListener('drawn', ({ detail }) => resolve(detail), { once: true })) })"
        )
        self.page.mouse.move(*self.pixels_from_centre(index, right, down))
        detail: dict[str, Any] = drawn.evaluate("({ next }) => next")
        return detail

    def click(self, index: int, right: float, down: float) -> None:
        """Place a point by a click."""
        self.page.mouse.click(*self.pixels_from_centre(index, right, down))
        self.settle()

    def decoded(self, model: str, point: list[float]) -> Levels:
        """The picture that the service decodes at a point."""
        json = {"model": model, "latents": [point]}
        return tiny.read_levels(self.service.post("/decode", json=json).content)


def levels_of(picture: Locator, width: int = 0, height: int = 0) -> Levels:
    """Grey levels of a picture on the page, in its own size or another."""
    png = base64.b64decode(picture.evaluate(READ_PICTURE, [width, height]))
    return np.asarray(Image.open(io.BytesIO(png)))[..., 0]


@cache
def reference_set() -> dict[str, npt.NDArray[Any]]:
    """The arrays of the VAE's reference set, by name."""
    with np.load(EMBEDDED_REPOSITORY / "vae" / "1" / "reference.npz") as arrays:
        return dict(arrays)
