"""Opens picture files: from bytes to an image whose declared size is within the limits.

Decodes no pixels, and unpacks nothing but the first picture.
"""

import io
from dataclasses import dataclass

from PIL import Image

from service.errors import Invalid, MediaTypeUnsupported, TooLarge

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
SIGNATURES = {
    PNG_SIGNATURE: "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"BM": "BMP",
    b"RIFF": "WEBP",
}
# The largest side in GIF and JPEG. It also limits the cost of one row of pixels.
MAX_SIDE = 65_535
# The ancillary PNG chunks that change the first picture. All others are removed unread: a few
# kilobytes of compressed text or colour profile can unpack to tens of megabytes.
PNG_ANCILLARY = (b"tRNS", b"eXIf")
# The JPEG application segments that affect how a picture looks: the first of each is kept.
# Pillow would join all of them, and a request can hold millions.
JPEG_APPLICATION = {0xE0: b"JFIF\0", 0xE1: b"Exif\0\0", 0xEE: b"Adobe"}
JPEG_COMMENT, JPEG_SCAN = 0xFE, 0xDA


@dataclass(frozen=True)
class PictureFile:
    """An image that is not decoded yet, and what Pillow does not report about its file."""

    image: Image.Image
    is_animated: bool
    is_deep_colour: bool  # 16 bits a channel; Pillow reads the upper 8


def open_picture(content: bytes, max_pixels: int, pointer: str) -> PictureFile:
    """Detect the format from the content, and check the declared size.

    Raises MediaTypeUnsupported, TooLarge or Invalid, all with `pointer`.
    """
    if not content:
        raise Invalid("the file is empty", pointer)
    format_name = _format_name(content)
    if format_name is None:
        raise MediaTypeUnsupported("not a PNG, JPEG, WebP, GIF or BMP file", pointer)
    if format_name == "WEBP":  # opening it allocates the whole canvas
        _check_size(*_webp_canvas(content), max_pixels, pointer)
    try:
        if format_name == "PNG":
            return _open_png(content, max_pixels, pointer)
        essential = _essential_segments(content) if format_name == "JPEG" else content
        image = Image.open(io.BytesIO(essential), formats=[format_name])
        _check_size(*image.size, max_pixels, pointer)
        return PictureFile(image, getattr(image, "is_animated", False), is_deep_colour=False)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as exc:
        raise _too_large(max_pixels, pointer) from exc
    except TooLarge:
        raise
    except Exception as exc:  # on hostile bytes, Pillow raises nearly every built-in error
        raise Invalid(f"the {format_name} file is damaged and cannot be opened", pointer) from exc


def is_small_png(content: bytes, max_pixels: int) -> bool:
    """Whether the first bytes are those of a PNG with at most `max_pixels` pixels."""
    width, height = int.from_bytes(content[16:20]), int.from_bytes(content[20:24])
    return content.startswith(PNG_SIGNATURE) and width * height <= max_pixels


def _format_name(content: bytes) -> str | None:
    for magic, name in SIGNATURES.items():
        if content.startswith(magic):
            return None if name == "WEBP" and content[8:12] != b"WEBP" else name
    return None


def _check_size(width: int, height: int, max_pixels: int, pointer: str) -> None:
    if width * height > max_pixels:
        raise _too_large(max_pixels, pointer)
    if max(width, height) > MAX_SIDE:
        raise TooLarge(f"the picture is wider or higher than {MAX_SIDE} pixels", pointer)


def _too_large(max_pixels: int, pointer: str) -> TooLarge:
    return TooLarge(f"the picture has more than {max_pixels} pixels", pointer)


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


def _open_png(content: bytes, max_pixels: int, pointer: str) -> PictureFile:
    essential, is_animated = _essential_chunks(content)
    image = Image.open(io.BytesIO(essential), formats=["PNG"])
    _check_size(*image.size, max_pixels, pointer)
    depth, colour_type = content[24], content[25]  # in IHDR, which Pillow has checked
    is_deep_colour = depth == 16 and colour_type != 0
    _scale_transparency(image, depth, is_deep_colour)
    return PictureFile(image, is_animated, is_deep_colour)


def _essential_chunks(content: bytes) -> tuple[bytes, bool]:
    """The PNG chunks that affect the first picture, and whether the PNG is animated."""
    kept, offset, is_animated = [content[:8]], 8, False
    while offset < len(content):
        name = content[offset + 4 : offset + 8]
        end = offset + 12 + int.from_bytes(content[offset : offset + 4])
        if name[:1].isupper() or name in PNG_ANCILLARY:
            kept.append(content[offset:end])
        is_animated = is_animated or name == b"acTL"
        offset = end
    return b"".join(kept), is_animated


def _essential_segments(content: bytes) -> bytes:
    """A JPEG without the segments that do not affect the picture.

    Copies everything from the first scan, or from the first malformed segment, unchanged.
    """
    kept, seen, offset = [content[:2]], set[int](), 2
    while content[offset : offset + 1] == b"\xff" and offset + 4 <= len(content):
        marker = content[offset + 1]
        if marker in (0xFF, JPEG_SCAN):
            break
        end = offset + 2 + int.from_bytes(content[offset + 2 : offset + 4])
        if 0xE0 <= marker <= 0xEF:  # an application segment
            name = JPEG_APPLICATION.get(marker)
            is_kept = name and content[offset + 4 : end].startswith(name) and marker not in seen
        else:
            is_kept = marker != JPEG_COMMENT
        if is_kept:
            kept.append(content[offset:end])
            seen.add(marker)
        offset = end
    return b"".join([*kept, content[offset:]])


def _scale_transparency(image: Image.Image, depth: int, is_deep_colour: bool) -> None:
    """Scale a transparent level or colour as Pillow scales the pixels."""
    transparency = image.info.get("transparency")
    if transparency is None:
        return
    if image.mode == "L" and depth in (2, 4):
        image.info["transparency"] = transparency * (255 // (2**depth - 1))
    elif is_deep_colour:
        image.info["transparency"] = tuple(level >> 8 for level in transparency)
