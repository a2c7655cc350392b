"""Converts an uploaded picture to the model's size and polarity, and lists every step."""

from collections.abc import Iterator
from functools import cache
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from service.artifact.arrays import Floats
from service.artifact.manifest import ImageSpec
from service.errors import Invalid
from service.pictures.exif import UPRIGHT
from service.pictures.formats import PictureFile, decode

Polarity = Literal["auto", "keep", "invert"]

SIXTEEN_BIT_MODES = ("I", "I;16", "I;16B", "I;16L", "I;16N")
GREY_MODES = ("1", "L", "LA", *SIXTEEN_BIT_MODES)

# A picture larger than this many times the model's size is averaged down to about that size before
# resampling, in bands of whole cells. Memory stays flat; the result changes by less than a level.
REDUCING_GAP = 8
BAND_PIXELS = 2**18
# A transparent picture without any pixel as light as this hardly shows on the model's black.
VISIBLE = 0.25
# What lies behind transparent pixels and fills up the sides, by the model's channels. Grey models
# expect white on black; colour is seen on white, as browsers show it.
BACKGROUND = {1: np.float32(0), 3: np.float32(1)}


class Picture(NamedTuple):
    """`applied` lists the steps that made `pixels`, the model's input in 0..1.

    [H, W] for a model of one channel, [3, H, W] for one of three.
    """

    pixels: Floats
    applied: list[str]


def fit_picture(file: PictureFile, spec: ImageSpec, polarity: Polarity, pointer: str) -> Picture:
    """Decode a picture and fit it to the model's channels, size and polarity.

    Composites transparency on the model's background, resamples with Lanczos (antialiased) and
    pads to keep the aspect ratio. A model of one channel gets ITU-R BT.601 luma, one of three sRGB.
    For grey, `polarity` auto inverts a picture whose border is more light than dark, which no
    Fashion-MNIST image has, and composites a picture that is too dark to show on the model's
    background on white. For colour, auto is the same as keep.
    Raises Invalid with `pointer` if the data are damaged.
    """
    try:
        return Picture(*_fitted(file, spec, polarity))
    except Exception as exc:  # on hostile bytes, Pillow raises nearly every built-in error
        raise Invalid("the picture is damaged and cannot be decoded", pointer) from exc


def _fitted(file: PictureFile, spec: ImageSpec, polarity: Polarity) -> tuple[Floats, list[str]]:
    applied = ["frame: first of several"] if file.is_animated else []
    grey = file.source if isinstance(file.source, np.ndarray) and file.orientation == 1 else None
    if grey is not None and grey.shape == (spec.height, spec.width) and spec.channels == 1:
        return _polarised(_scaled(grey, 255), polarity, applied), applied
    width, height = file.image.size
    image = decode(file, (spec.width * REDUCING_GAP, spec.height * REDUCING_GAP))
    if file.orientation > 1:
        image = image.transpose(UPRIGHT[file.orientation])
        applied.append(f"orientation: EXIF {file.orientation} applied")
    if file.orientation > 4:
        width, height = height, width
    applied += _channel_notes(file.image, file.is_deep_colour, spec)
    inner = _inner_size(width, height, spec)
    guesses = polarity == "auto" and spec.channels == 1
    # The level that becomes the model's background.
    background = BACKGROUND[spec.channels]
    if polarity == "invert":
        background = 1 - background
    reduced, name = _Reduction(image, inner, spec, background), "the model's background"
    if guesses and reduced.is_transparent and reduced.brightest < VISIBLE:
        on_white = _Reduction(image, inner, spec, np.float32(1))
        if on_white.darkest < 1:  # otherwise everything is transparent
            reduced, name = on_white, "white, on which it shows"
    values = reduced.values
    if reduced.is_transparent:
        applied.append(f"alpha: composited on {name}")
    if polarity == "invert" or (guesses and reduced.border_mean() > 0.5):
        applied.append("polarity: inverted")
        values = 1 - values
    if (width, height) != (spec.width, spec.height):
        applied.append(f"resize: {width} x {height} to {inner[0]} x {inner[1]}")
        values = _resample(values, reduced.box, inner, spec)
        if inner != (spec.width, spec.height):
            applied.append(f"padding: to {spec.width} x {spec.height}, centred")
    return values, applied


def _polarised(values: Floats, polarity: Polarity, applied: list[str]) -> Floats:
    """A picture of the right size that only may have to be inverted."""
    border = values.ravel()[_border_indices(*values.shape)]
    if polarity == "invert" or (polarity == "auto" and border.sum() > border.size / 2):
        applied.append("polarity: inverted")
        return 1 - values
    return values


@cache
def _border_indices(height: int, width: int) -> npt.NDArray[np.intp]:
    """Where the first and last row lie in a flat image, then the rest of the outer columns."""
    indices = np.arange(height * width).reshape(height, width)
    edges = [indices[0], indices[-1], indices[1:-1, 0], indices[1:-1, -1]]
    return np.concatenate(edges[: 2 if height < 3 else 4])


def _channel_notes(image: Image.Image, is_deep_colour: bool, spec: ImageSpec) -> Iterator[str]:
    if image.mode in SIXTEEN_BIT_MODES:
        yield "depth: 16-bit grey"
    if is_deep_colour:
        yield "depth: 16-bit channels read as 8-bit"
    if spec.channels == 1 and image.mode not in GREY_MODES:
        yield f"grey: luma of {image.mode}"
    if spec.channels == 3 and image.mode in GREY_MODES:
        yield "colour: grey in all three channels"


class _Reduction:
    """An image as values on a background, averaged over cells of whole pixels.

    `values` is in 0..1: grey [rows, columns], or colour [3, rows, columns]. `box` is the part that
    the image covers: it may cut off the last cells. `darkest` and `brightest` are levels of its
    pixels, before they are averaged; they are known if it `is_transparent`.
    """

    def __init__(
        self, image: Image.Image, inner: tuple[int, int], spec: ImageSpec, background: np.float32
    ) -> None:
        self._image, self._background = image, background
        self._levels = _grey_levels if spec.channels == 1 else _colour_levels
        self.is_transparent = False
        self.darkest, self.brightest = 1.0, 0.0
        across, down = (
            max(1, size // (target * REDUCING_GAP))
            for size, target in zip(image.size, inner, strict=True)
        )
        self.is_exact = across == down == 1
        self.box = (0.0, 0.0, image.width / across, image.height / down)
        rows = down * max(1, BAND_PIXELS // (image.width * down))
        bands = (
            self._shown(0, top, image.width, min(top + rows, image.height))
            for top in range(0, image.height, rows)
        )
        cells = [_cell_means(band, down, across) for band in bands]
        self.values = cells[0] if len(cells) == 1 else np.concatenate(cells, axis=-2)

    def border_mean(self) -> float:
        width, height = self._image.size
        part = self._part if self.is_exact else self._shown
        edges = [part(0, 0, width, 1), part(0, height - 1, width, height)]
        if height > 2:
            edges.append(part(0, 1, 1, height - 1))
            edges.append(part(width - 1, 1, width, height - 1))
        return float(np.concatenate([edge.ravel() for edge in edges]).mean())

    def _part(self, left: int, top: int, right: int, bottom: int) -> Floats:
        return self.values[top:bottom, left:right]

    def _shown(self, left: int, top: int, right: int, bottom: int) -> Floats:
        box = (left, top, right, bottom)
        whole = (0, 0, *self._image.size)
        levels, opacity = self._levels(self._image if box == whole else self._image.crop(box))
        if opacity is None:
            return levels
        self.is_transparent = self.is_transparent or bool(opacity.min() < 1)
        composited: Floats = levels * opacity + self._background * (1 - opacity)
        self.darkest = min(self.darkest, float(composited.min()))
        self.brightest = max(self.brightest, float(composited.max()))
        return composited


def _grey_levels(image: Image.Image) -> tuple[Floats, Floats | None]:
    """Grey levels and opacity, both [h, w] in 0..1. Opacity is None if nothing is transparent."""
    transparent = image.info.get("transparency")
    if image.mode in SIXTEEN_BIT_MODES:
        levels, white = np.asarray(image), 65535
    elif image.mode in ("1", "L"):
        levels, white = np.asarray(image if image.mode == "L" else image.convert("L")), 255
    elif image.has_transparency_data:
        grey, opacity = image.convert("RGBA").convert("LA").split()
        return _scaled(np.asarray(grey), 255), _scaled(np.asarray(opacity), 255)
    else:
        return _scaled(np.asarray(image.convert("RGB").convert("L")), 255), None
    shown = None if transparent is None else (levels != transparent).astype(np.float32)
    return _scaled(levels, white), shown


def _colour_levels(image: Image.Image) -> tuple[Floats, Floats | None]:
    """sRGB levels [3, h, w] and opacity [h, w] in 0..1, as `_grey_levels` gives them."""
    if image.mode in GREY_MODES:
        levels, opacity = _grey_levels(image)
        return np.broadcast_to(levels, (3, *levels.shape)), opacity
    if image.has_transparency_data:
        rgba = _scaled(np.asarray(image.convert("RGBA")), 255).transpose(2, 0, 1)
        return rgba[:3], rgba[3]
    return _scaled(np.asarray(image.convert("RGB")), 255).transpose(2, 0, 1), None


def _scaled(levels: npt.NDArray[np.generic], white: int) -> Floats:
    return levels.astype(np.float32) / np.float32(white)


def _cell_means(values: Floats, down: int, across: int) -> Floats:
    if down == across == 1:
        return values
    rows, columns = values.shape[-2:]
    tops, lefts = np.arange(0, rows, down), np.arange(0, columns, across)
    heights, widths = np.diff(tops, append=rows), np.diff(lefts, append=columns)
    sums = np.add.reduceat(np.add.reduceat(values, tops, axis=-2), lefts, axis=-1)
    means: Floats = (sums / (heights[:, None] * widths)).astype(np.float32)
    return means


def _inner_size(width: int, height: int, spec: ImageSpec) -> tuple[int, int]:
    """Width and height of the picture scaled to fit the model's size."""
    factor = min(spec.height / height, spec.width / width)
    inner_width = min(spec.width, max(1, round(width * factor)))
    return inner_width, min(spec.height, max(1, round(height * factor)))


def _resample(
    values: Floats,
    box: tuple[float, float, float, float],
    inner: tuple[int, int],
    spec: ImageSpec,
) -> Floats:
    """The part `box` of the values at the size `inner`, centred on the model's background."""
    canvas = np.full((*values.shape[:-2], spec.height, spec.width), BACKGROUND[spec.channels])
    left, top = (spec.width - inner[0]) // 2, (spec.height - inner[1]) // 2
    shown = canvas[..., top : top + inner[1], left : left + inner[0]]
    for channel in np.ndindex(values.shape[:-2]):
        resized = Image.fromarray(values[channel]).resize(inner, Image.Resampling.LANCZOS, box)
        # Lanczos overshoots at edges; the model expects 0..1.
        shown[channel] = np.asarray(resized).clip(0, 1)
    return canvas
