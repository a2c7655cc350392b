"""Opens and decodes picture files: from bytes to an image, at a cost that the limits allow.

What a file declares is checked before anything of that size is made. Only the parts that affect
the first picture reach Pillow.
"""

import io
from typing import NamedTuple

import numpy as np
import pyspng
from isal.isal_zlib import crc32
from PIL import Image

from service.artifact.arrays import Levels
from service.errors import Invalid, MediaTypeUnsupported, RequestError, TooLarge
from service.pictures import bmp_runs, exif, gif_blocks, jpeg_segments, png_chunks

SIGNATURES = {
    png_chunks.SIGNATURE: "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"BM": "BMP",
    b"RIFF": "WEBP",
}
# The largest side in GIF and JPEG. It also limits the cost of one row of pixels.
MAX_SIDE = 65_535
# Progressive JPEGs have about ten scans, CMYK ones 18. A scan of a few bytes makes the decoder go
# over all pixels, so every further 20 count as the picture's pixels once more.
USUAL_SCANS = 20
USUAL_ARITHMETIC_SCANS = 5  # each takes four times as long
DEEP_COLOUR_WORK = 4  # of a pixel with 16 bits a channel
AT_ONCE_PIXELS = 2**16  # decoded when the file is opened
CHECKED_ROWS = 64  # that are copied at a time


class PictureFile(NamedTuple):
    """An image that is not decoded yet, and what Pillow does not report about its file.

    `source` is an array [height, width] where an opaque grey image is decoded already.
    `work` is how many pixels decoding goes over: width x height, or several times that. It counts
    towards the limit on a request.
    """

    source: Image.Image | Levels
    work: int
    is_animated: bool = False
    is_deep_colour: bool = False  # 16 bits a channel; Pillow reads the upper 8
    orientation: int = 1  # 1 to 8, as in Exif
    frame: tuple[int, int, int, int] | None = None  # a GIF's first: all around is transparent
    noisy: bytes = b""  # a JPEG whose picture differs only if the data end early

    @property
    def image(self) -> Image.Image:
        return Image.fromarray(self.source) if isinstance(self.source, np.ndarray) else self.source


def open_picture(content: bytes, max_pixels: int, pointer: str) -> PictureFile:
    """Detect the format from the content, and check the declared size and work.

    Raises MediaTypeUnsupported, TooLarge or Invalid, all with `pointer`.
    """
    if not content:
        raise Invalid("the file is empty", pointer)
    format_name = _format_name(content)
    if format_name is None:
        raise MediaTypeUnsupported("not a PNG, JPEG, WebP, GIF or BMP file", pointer)
    try:
        return OPENERS[format_name](content, max_pixels)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as exc:
        raise TooLarge(_too_many(max_pixels), pointer) from exc
    except RequestError as exc:
        raise type(exc)(str(exc), pointer) from exc
    except Exception as exc:  # on hostile bytes, Pillow raises nearly every built-in error
        raise Invalid(f"the {format_name} file is damaged and cannot be opened", pointer) from exc


def decode(file: PictureFile, size: tuple[int, int]) -> Image.Image:
    """The file's image as browsers show it, not yet turned upright.

    A JPEG is decoded at down to an eighth of its size, but not smaller than `size`. Raises
    ValueError, or nearly any other error, where the data are damaged.
    """
    image = file.image
    if file.noisy:
        noisy = _jpeg_checksum(_image(file.noisy, "JPEG"), size)  # one image at a time in memory
        if noisy != _jpeg_checksum(image, size):
            raise ValueError("the coded data end early")
    image.load()
    if file.frame is not None:
        return _with_surround(image, file.frame)
    if image.format == "BMP" and image.mode == "RGBA" and not image.getchannel("A").getbbox():
        return image.convert("RGB")  # an alpha channel that nothing was written to
    return image


def is_small_png(content: bytes, max_pixels: int) -> bool:
    """Whether the first bytes are those of a PNG with at most `max_pixels` pixels."""
    width, height = int.from_bytes(content[16:20]), int.from_bytes(content[20:24])
    return content.startswith(png_chunks.SIGNATURE) and width * height <= max_pixels


def _format_name(content: bytes) -> str | None:
    for magic, name in SIGNATURES.items():
        if content.startswith(magic):
            return None if name == "WEBP" and content[8:12] != b"WEBP" else name
    return None


def _checked(size: tuple[int, int], max_pixels: int) -> int:
    """Width x height. Raises TooLarge."""
    pixels = size[0] * size[1]
    if pixels > max_pixels:
        raise TooLarge(_too_many(max_pixels))
    if max(size) > MAX_SIDE:
        raise TooLarge(f"the picture is wider or higher than {MAX_SIDE} pixels")
    return pixels


def _too_many(max_pixels: int) -> str:
    return f"the picture has more than {max_pixels} pixels"


def _image(content: bytes, format_name: str) -> Image.Image:
    return Image.open(io.BytesIO(content), formats=[format_name])


def _open_png(content: bytes, max_pixels: int) -> PictureFile:
    chunks = png_chunks.walk(content)
    width, height, depth, colour_type, *_ = chunks.header
    work = _checked((width, height), max_pixels)
    png_chunks.check_data(chunks)
    turned = exif.orientation(chunks.exif) if chunks.exif else 1
    if depth == 8 and colour_type == 0 and work <= AT_ONCE_PIXELS and not chunks.is_keyed:
        # What most models know. libspng takes a quarter of Pillow's time for it.
        levels = pyspng.load(chunks.content)
        return PictureFile(levels, work, chunks.is_animated, orientation=turned)
    image = _image(chunks.content, "PNG")
    is_deep_colour = depth == 16 and colour_type != 0
    _scale_transparency(image, depth, is_deep_colour)
    work *= DEEP_COLOUR_WORK if is_deep_colour else 1
    return PictureFile(image, work, chunks.is_animated, is_deep_colour, turned)


def _scale_transparency(image: Image.Image, depth: int, is_deep_colour: bool) -> None:
    """Scale a transparent level or colour as Pillow scales the pixels."""
    transparency = image.info.get("transparency")
    if transparency is None:
        return
    if image.mode == "L" and depth in (2, 4):
        image.info["transparency"] = transparency * (255 // (2**depth - 1))
    elif is_deep_colour:
        image.info["transparency"] = tuple(level >> 8 for level in transparency)


def _open_jpeg(content: bytes, max_pixels: int) -> PictureFile:
    segments = jpeg_segments.walk(content)
    usual = USUAL_ARITHMETIC_SCANS if segments.is_arithmetic else USUAL_SCANS
    work = _checked(segments.size, max_pixels) * -(-segments.scans // usual)
    if work > max_pixels:
        detail = f"the picture has {segments.scans} scans, more than its size allows"
        raise TooLarge(detail)
    image = _image(segments.ended(), "JPEG")
    noisy = segments.ended(jpeg_segments.NOISE)
    return PictureFile(image, work, orientation=exif.orientation(segments.exif), noisy=noisy)


def _jpeg_checksum(image: Image.Image, size: tuple[int, int]) -> int:
    image.draft(image.mode, size)
    checksum = 0
    for top in range(0, image.height, CHECKED_ROWS):
        band = image.crop((0, top, image.width, min(top + CHECKED_ROWS, image.height)))
        checksum = crc32(band.tobytes(), checksum)
    return checksum


def _open_gif(content: bytes, max_pixels: int) -> PictureFile:
    blocks = gif_blocks.walk(content)
    image = _image(blocks.content, "GIF")
    work = _checked(image.size, max_pixels)
    frame = None if blocks.frame == (0, 0, *image.size) else blocks.frame
    return PictureFile(image, work, blocks.is_animated, frame=frame)


def _with_surround(image: Image.Image, frame: tuple[int, int, int, int]) -> Image.Image:
    whole = Image.new("RGBA", image.size)
    whole.paste(image.crop(frame).convert("RGBA"), frame)
    return whole


def _open_bmp(content: bytes, max_pixels: int) -> PictureFile:
    if bmp_runs.is_packed(content):
        _checked(bmp_runs.size(content), max_pixels)
        content = bmp_runs.unpacked(content)
    try:
        image = _image(content, "BMP")
    except OSError as exc:
        if "Unsupported BMP" in str(exc):
            raise MediaTypeUnsupported("a BMP of this kind is not supported") from exc
        raise
    return PictureFile(image, _checked(image.size, max_pixels))


def _open_webp(content: bytes, max_pixels: int) -> PictureFile:
    work = _checked(_webp_canvas(content), max_pixels)  # opening it allocates the whole canvas
    image = _image(content, "WEBP")
    work = max(work, _checked(image.size, max_pixels))
    turned = exif.orientation(image.info.get("exif", b""))
    return PictureFile(image, work, getattr(image, "is_animated", False), orientation=turned)


def _webp_canvas(content: bytes) -> tuple[int, int]:
    """Width and height as the first chunk declares them, 0 if there is no chunk (RFC 9649)."""
    kind, data = content[12:16], content[20:30]
    if kind == b"VP8X":
        return 1 + int.from_bytes(data[4:7], "little"), 1 + int.from_bytes(data[7:10], "little")
    if kind == b"VP8L":
        bits = int.from_bytes(data[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")
    return width & 0x3FFF, height & 0x3FFF


OPENERS = {
    "PNG": _open_png,
    "JPEG": _open_jpeg,
    "GIF": _open_gif,
    "BMP": _open_bmp,
    "WEBP": _open_webp,
}
