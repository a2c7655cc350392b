"""Bytes of an uploaded picture to what the model takes, and a list of what was done on the way."""

import io
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from service.errors import Invalid, MediaTypeUnsupported, TooLarge
from service.manifest import ImageSpec

Polarity = Literal["auto", "keep", "invert"]
Floats = npt.NDArray[np.float32]

SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"BM": "BMP",
    b"RIFF": "WEBP",
}
EXIF_ORIENTATION = 0x0112
SIXTEEN_BIT_MODES = ("I", "I;16", "I;16B", "I;16L", "I;16N")


@dataclass(frozen=True)
class Picture:
    """`pixels` is [H, W] in 0..1 as the model takes it; `applied` says how it came about."""

    pixels: Floats
    applied: list[str]


def read_picture(
    content: bytes, spec: ImageSpec, polarity: Polarity, max_pixels: int, pointer: str
) -> Picture:
    """Decode a PNG, JPEG, WebP, GIF or BMP and fit it to the model's size and polarity.

    Transparency shows the model's background, grey is ITU-R BT.601 luma, the aspect is kept by
    padding, and resampling is antialiased (Lanczos). `polarity` auto inverts a picture whose
    border is more light than dark: none of the 70,000 Fashion-MNIST images is.
    Raises MediaTypeUnsupported, TooLarge (before decoding) or Invalid, all naming `pointer`.
    """
    image = _open(content, max_pixels, pointer)
    applied: list[str] = []
    try:
        image = _first_frame_upright(image, applied)
        levels, alpha, white = _grey(image, applied)
    # Pillow's parsers raise nearly every built-in error on hostile bytes; whichever it is, the
    # file is at fault.
    except Exception as exc:
        raise Invalid("the picture is damaged and cannot be decoded", pointer) from exc
    fitted = _fit(_composite(levels, alpha, white, polarity, applied), spec, applied)
    return Picture(fitted, applied)


def _open(content: bytes, max_pixels: int, pointer: str) -> Image.Image:
    format_name = next(
        (name for magic, name in SIGNATURES.items() if content.startswith(magic)), ""
    )
    if not format_name or (format_name == "WEBP" and content[8:12] != b"WEBP"):
        raise MediaTypeUnsupported("not a PNG, JPEG, WebP, GIF or BMP file", pointer)
    try:
        image = Image.open(io.BytesIO(content), formats=[format_name])
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as exc:
        raise _too_large(max_pixels, pointer) from exc
    except Exception as exc:  # as above
        raise Invalid(f"the {format_name} file is damaged and cannot be opened", pointer) from exc
    if image.width * image.height > max_pixels:
        raise _too_large(max_pixels, pointer)
    return image


def _too_large(max_pixels: int, pointer: str) -> TooLarge:
    return TooLarge(f"the picture has more than {max_pixels} pixels", pointer)


def _first_frame_upright(image: Image.Image, applied: list[str]) -> Image.Image:
    if getattr(image, "is_animated", False):
        applied.append(f"frame: first of {getattr(image, 'n_frames', 'several')}")
    image.load()
    orientation = image.getexif().get(EXIF_ORIENTATION, 1)
    if orientation in range(2, 9):
        applied.append(f"orientation: EXIF {orientation} applied")
        return ImageOps.exif_transpose(image)
    return image


def _grey(image: Image.Image, applied: list[str]) -> tuple[Floats, Floats | None, float]:
    """Grey levels [h, w], opacity [h, w] in 0..1 or None, and the level of white."""
    if image.mode in SIXTEEN_BIT_MODES:
        applied.append("depth: 16-bit grey")
        return np.asarray(image).astype(np.float32), None, 65535.0
    if image.has_transparency_data:
        if image.mode not in ("LA", "RGBA"):
            image = image.convert("RGBA")
        if image.mode == "RGBA":
            applied.append("grey: luma of RGBA")
        levels, opacity = image.convert("LA").split()
        return _floats(levels), _floats(opacity) / np.float32(255), 255.0
    if image.mode not in ("1", "L"):
        applied.append(f"grey: luma of {image.mode}")
        image = image.convert("RGB")
    return _floats(image.convert("L")), None, 255.0


def _floats(image: Image.Image) -> Floats:
    return np.asarray(image).astype(np.float32)


def _composite(
    levels: Floats, alpha: Floats | None, white: float, polarity: Polarity, applied: list[str]
) -> Floats:
    """[h, w] in 0..1, light on dark, with transparency replaced by the model's black."""
    inverting = polarity == "invert"
    if alpha is not None:
        background = white if inverting else 0.0
        levels = levels * alpha + np.float32(background) * (1 - alpha)
        if alpha.min() < 1:
            applied.append("alpha: composited on the model's background")
    values = levels / np.float32(white)
    if inverting or (polarity == "auto" and _border_mean(values) > 0.5):
        applied.append("polarity: inverted")
        return 1 - values
    return values


def _border_mean(values: Floats) -> float:
    edges = (values[0], values[-1], values[1:-1, 0], values[1:-1, -1])
    return float(np.concatenate(edges).mean())


def _fit(values: Floats, spec: ImageSpec, applied: list[str]) -> Floats:
    height, width = values.shape
    if (height, width) == (spec.height, spec.width):
        return values
    factor = min(spec.height / height, spec.width / width)
    inner_height = min(spec.height, max(1, round(height * factor)))
    inner_width = min(spec.width, max(1, round(width * factor)))
    applied.append(f"resize: {width} x {height} to {inner_width} x {inner_height}")
    resized = Image.fromarray(values).resize((inner_width, inner_height), Image.Resampling.LANCZOS)
    if (inner_height, inner_width) != (spec.height, spec.width):
        applied.append(f"padding: to {spec.width} x {spec.height}, centred")
    canvas = np.zeros((spec.height, spec.width), np.float32)
    top, left = (spec.height - inner_height) // 2, (spec.width - inner_width) // 2
    # Lanczos overshoots at edges; the model knows only 0..1.
    canvas[top : top + inner_height, left : left + inner_width] = np.asarray(resized).clip(0, 1)
    return canvas
