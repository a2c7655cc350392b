"""Makes a file of every kind that docs/pictures.md lists."""

import io
import struct
import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from tests import tiny

Levels = npt.NDArray[np.uint8]

SIDE = 28
LEVELS = tiny.random_levels(1)[0]
CHECKS = np.where((np.indices((SIDE, SIDE)) // 7).sum(axis=0) % 2, 200, 0).astype(np.uint8)
CHECKS[0, 0] = 120  # makes the eight orientations differ
WHITE = Image.new("L", (SIDE, SIDE), 255)
ADAM7 = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2)]
ADAM7 += [(1, 0, 2, 1)]  # first row, first column, row step, column step


@dataclass(frozen=True)
class Kind:
    """A file, the grey levels that reading must give, and the tolerance in levels."""

    content: bytes
    levels: npt.NDArray[np.floating] | Levels | None  # None: the service refuses the file
    tolerance: float = 0.0


def file_of(image: Image.Image, format_name: str = "PNG", **options: object) -> bytes:
    """Returns the image as the bytes of a file."""
    buffer = io.BytesIO()
    image.save(buffer, format_name, **options)
    return buffer.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(
    size: tuple[int, int],
    depth: int,
    colour_type: int,
    scanlines: bytes,
    ancillary: bytes = b"",
    interlace: int = 0,
) -> bytes:
    """A PNG of scanlines, each with its filter byte. Pillow cannot write every kind."""
    header = struct.pack(">IIBBBBB", *size, depth, colour_type, 0, 0, interlace)
    data = chunk(b"IDAT", zlib.compress(scanlines, 9)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + ancillary + data


def raw(
    samples: npt.NDArray[np.integer], depth: int, colour_type: int, extra: bytes = b""
) -> bytes:
    """A PNG of samples [h, w, ...] at a depth of 1 to 16 bits."""
    height, width = samples.shape[:2]
    return png((width, height), depth, colour_type, _scanlines(samples, depth), extra)


def interlaced(levels: Levels) -> bytes:
    """An 8-bit grey PNG in the seven passes of Adam7."""
    passes = [levels[row::down, column::across] for row, column, down, across in ADAM7]
    height, width = levels.shape
    return png((width, height), 8, 0, b"".join(_scanlines(part, 8) for part in passes), interlace=1)


def _scanlines(samples: npt.NDArray[np.integer], depth: int) -> bytes:
    rows = samples.reshape(len(samples), -1)
    if depth == 16:
        packed = rows.astype(">u2").view(np.uint8)
    elif depth == 8:
        packed = rows.astype(np.uint8)
    else:
        bits = np.unpackbits(rows.astype(np.uint8)[..., None], axis=2)[..., -depth:]
        packed = np.packbits(bits.reshape(len(rows), -1), axis=1)
    return b"".join(b"\0" + row.tobytes() for row in packed)


def coloured(levels: Levels) -> Levels:
    return np.stack([levels] * 3, axis=2)


def corpus() -> dict[str, Kind]:
    """Every kind, by its name in docs/pictures.md."""
    return grey_png() | colour_png() | jpeg() | other_formats() | orientations() | refused()


def grey_png() -> dict[str, Kind]:
    """One channel, with and without a transparent level."""
    kinds = {}
    for depth in (1, 2, 4, 8, 16):
        top = 2**depth - 1
        samples = (LEVELS.astype(int) * (257 if depth == 16 else 1)) >> max(0, 8 - depth)
        levels = samples * (255 / top)
        kinds[f"PNG grey {depth}-bit"] = Kind(raw(samples, depth, 0), levels, 1e-3)
        hidden = int(samples[3, 3])
        transparent = chunk(b"tRNS", struct.pack(">H", hidden))
        # Of one bit only black is left to be seen, which shows on white.
        shown = np.where(samples == hidden, 255 if depth == 1 else 0, levels)
        kinds[f"PNG grey {depth}-bit, tRNS"] = Kind(
            raw(samples, depth, 0, transparent), shown, 1e-3
        )
    kinds["PNG grey interlaced"] = Kind(interlaced(LEVELS), LEVELS)
    kinds["PNG grey and alpha"] = Kind(
        raw(np.stack([LEVELS, CHECKS], axis=2), 8, 4), LEVELS * (CHECKS / 255), 1e-3
    )
    deep = np.stack([LEVELS, CHECKS], axis=2).astype(int) * 257
    kinds["PNG grey and alpha 16-bit"] = Kind(raw(deep, 16, 4), LEVELS * (CHECKS / 255), 1e-3)
    return kinds


def colour_png() -> dict[str, Kind]:
    """Three channels, palettes, and transparency in each."""
    green = np.zeros((SIDE, SIDE, 3), np.uint8)
    green[..., 1] = 100
    luma = np.full((SIDE, SIDE), 0.587 * 100)
    key = chunk(b"tRNS", struct.pack(">HHH", 0, 0, 0))
    shown = np.where(LEVELS == 0, 0, LEVELS)
    deep = coloured(LEVELS).astype(int) * 257
    deep_key = chunk(b"tRNS", struct.pack(">HHH", *[int(deep[3, 3, 0])] * 3))
    deep_shown = np.where(LEVELS[3, 3] == LEVELS, 0, LEVELS)
    rgba = np.dstack([coloured(LEVELS), CHECKS])
    palette = chunk(b"PLTE", bytes(np.repeat(np.arange(256), 3).astype(np.uint8)))
    four = chunk(b"PLTE", bytes(np.repeat([0, 85, 170, 255], 3).astype(np.uint8)))
    half = chunk(b"tRNS", bytes([255] * 100 + [128] * 156))
    faded = np.where(LEVELS < 100, LEVELS, LEVELS * (128 / 255))
    first = chunk(b"tRNS", bytes([0]))
    return {
        "PNG RGB": Kind(raw(green, 8, 2), luma, 0.5),
        "PNG RGB, tRNS": Kind(raw(coloured(LEVELS), 8, 2, key), shown),
        "PNG RGB 16-bit": Kind(raw(deep, 16, 2), LEVELS),
        "PNG RGB 16-bit, tRNS": Kind(raw(deep, 16, 2, deep_key), deep_shown),
        "PNG RGBA": Kind(raw(rgba, 8, 6), LEVELS * (CHECKS / 255), 1e-3),
        "PNG RGBA 16-bit": Kind(raw(rgba.astype(int) * 257, 16, 6), LEVELS * (CHECKS / 255), 1e-3),
        "PNG palette": Kind(raw(LEVELS, 8, 3, palette), LEVELS),
        "PNG palette, one colour transparent": Kind(raw(LEVELS, 8, 3, palette + first), shown),
        "PNG palette, translucent colours": Kind(raw(LEVELS, 8, 3, palette + half), faded, 1e-3),
        "PNG RGBA, black on transparent": Kind(black_on_transparent("RGBA"), CHECKS, 1e-3),
        "PNG grey and alpha, black on transparent": Kind(black_on_transparent("LA"), CHECKS, 1e-3),
        "PNG RGBA, white on transparent": Kind(
            file_of(Image.merge("RGBA", [WHITE, WHITE, WHITE, Image.fromarray(CHECKS)])),
            CHECKS,
            1e-3,
        ),
        "PNG palette 2-bit": Kind(raw(LEVELS >> 6, 2, 3, four), (LEVELS >> 6) * 85),
        "PNG animated (APNG)": Kind(
            file_of(
                Image.fromarray(LEVELS), save_all=True, append_images=[Image.fromarray(CHECKS)]
            ),
            LEVELS,
        ),
        "PNG with a colour profile or text": Kind(
            raw(LEVELS, 8, 0, chunk(b"iCCP", b"k\0\0" + zlib.compress(bytes(10**6)))), LEVELS
        ),
    }


def black_on_transparent(mode: str, format_name: str = "PNG", **options: object) -> bytes:
    """What a canvas in a browser gives: black everywhere, and the drawing in the alpha channel."""
    channels = [Image.new("L", (SIDE, SIDE))] * (len(mode) - 1)
    image = Image.merge(mode, [*channels, Image.fromarray(CHECKS)])
    return file_of(image, format_name, **options)


def jpeg() -> dict[str, Kind]:
    """The colour spaces of JPEG. Adobe's marker tells CMYK from YCCK."""
    grey = Image.fromarray(CHECKS)
    inverse = Image.fromarray(255 - CHECKS)
    neutral, none = Image.new("L", (SIDE, SIDE), 127), Image.new("L", (SIDE, SIDE), 0)
    cmyk = Image.merge("CMYK", [none, none, none, inverse])
    ycck = Image.merge("CMYK", [grey, neutral, neutral, none])
    marked = file_of(ycck, "JPEG", quality=95)
    position = marked.index(b"Adobe") + 11  # the byte that gives the transform
    colour = grey.convert("RGB")
    return {
        "JPEG grey": Kind(file_of(grey, "JPEG", quality=95), CHECKS, 25),
        "JPEG YCbCr": Kind(file_of(colour, "JPEG", quality=95), CHECKS, 25),
        "JPEG progressive": Kind(file_of(colour, "JPEG", quality=95, progressive=True), CHECKS, 25),
        "JPEG without its end marker": Kind(file_of(grey, "JPEG", quality=95)[:-2], CHECKS, 25),
        "JPEG CMYK": Kind(file_of(cmyk, "JPEG", quality=95), CHECKS, 25),
        "JPEG YCCK": Kind(marked[:position] + b"\2" + marked[position + 1 :], CHECKS, 25),
    }


def other_formats() -> dict[str, Kind]:
    """GIF, BMP and WebP, and unusual sizes."""
    image, second = Image.fromarray(LEVELS), Image.fromarray(CHECKS)
    rgba = Image.merge("RGBA", [image, image, image, second])
    masked = LEVELS * (CHECKS / 255)
    clear = Image.fromarray(CHECKS // 100).convert("P")
    clear.putpalette([255, 255, 255, 90, 90, 90, 200, 200, 200])
    runs = np.zeros((SIDE, SIDE))
    runs[27, :9] = runs[25, :9] = 255
    return {
        "GIF": Kind(file_of(image, "GIF"), LEVELS),
        "GIF transparent": Kind(
            file_of(clear, "GIF", transparency=0), np.array([0, 90, 200])[CHECKS // 100]
        ),
        "GIF black on transparent": Kind(
            file_of(Image.fromarray(CHECKS // 150), "GIF", transparency=0), CHECKS // 150 * 255, 1
        ),
        "GIF whose first frame is smaller than its screen": Kind(
            small_frame(), np.pad(np.full((14, 14), 200), 7)
        ),
        "GIF animated": Kind(
            file_of(image, "GIF", save_all=True, append_images=[second, image]), LEVELS
        ),
        "BMP 1-bit": Kind(
            file_of(Image.fromarray(CHECKS > 150), "BMP"), np.where(CHECKS > 150, 255, 0)
        ),
        "BMP 8-bit": Kind(file_of(image, "BMP"), LEVELS),
        "BMP 24-bit": Kind(file_of(image.convert("RGB"), "BMP"), LEVELS),
        "BMP 32-bit": Kind(file_of(rgba, "BMP"), LEVELS),
        "BMP 32-bit with an alpha mask": Kind(bmp_with_alpha(rgba), masked, 1e-3),
        "BMP 32-bit with an alpha mask, nowhere set": Kind(
            bmp_with_alpha(Image.merge("RGBA", [image] * 3 + [Image.new("L", image.size)])), LEVELS
        ),
        "BMP 8-bit, run-length encoded": Kind(packed_bmp((SIDE, SIDE), 8, RUNS), runs, 1e-3),
        "BMP 4-bit, run-length encoded": Kind(
            packed_bmp((SIDE, SIDE), 4, RUNS.replace(b"\x09\1", b"\x09\x11")), runs, 1e-3
        ),
        "WebP black on transparent": Kind(
            black_on_transparent("RGBA", "WEBP", lossless=True), CHECKS, 1e-3
        ),
        "WebP lossless": Kind(file_of(image, "WEBP", lossless=True), LEVELS),
        "WebP lossless with alpha": Kind(
            file_of(rgba, "WEBP", lossless=True, exact=True), masked, 1e-3
        ),
        "WebP lossy": Kind(file_of(second.convert("RGB"), "WEBP", quality=95), CHECKS, 40),
        "WebP lossy with alpha": Kind(
            file_of(Image.merge("RGBA", [second] * 3 + [second]), "WEBP", quality=95),
            CHECKS * (CHECKS / 255),
            40,
        ),
        "WebP animated": Kind(
            file_of(image, "WEBP", save_all=True, lossless=True, append_images=[second]), LEVELS
        ),
        "one pixel": Kind(raw(np.full((1, 1), 90), 8, 0), np.full((SIDE, SIDE), 90), 1e-3),
        "wide and low": Kind(raw(np.full((1, 5000), 90), 8, 0), _bar(row=13), 1e-3),
        "high and narrow": Kind(raw(np.full((5000, 1), 90), 8, 0), _bar(row=13).T, 1e-3),
        "large": Kind(raw(np.kron(CHECKS, np.ones((40, 40), np.uint8)), 8, 0), CHECKS, 40),
        "dark on light": Kind(raw(255 - LEVELS, 8, 0), LEVELS, 1e-3),
    }


def bmp_with_alpha(image: Image.Image) -> bytes:
    """A bottom-up BMP with the masks of a BITMAPV4HEADER, which Pillow cannot write."""
    pixels = image.transpose(Image.Transpose.FLIP_TOP_BOTTOM).tobytes("raw", "BGRA")
    size = struct.pack("<IiiHHIIiiII", 108, *image.size, 1, 32, 3, len(pixels), 0, 0, 0, 0)
    masks = struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000) + bytes(108 - 56)
    return b"BM" + struct.pack("<IHHI", 122 + len(pixels), 0, 0, 122) + size + masks + pixels


def small_frame() -> bytes:
    """A GIF of 28 x 28 whose frame covers the 14 x 14 in the middle."""
    image = Image.new("P", (14, 14), 1)
    image.putpalette([255, 255, 255, 200, 200, 200])
    content = bytearray(file_of(image, "GIF"))
    place = content.index(b",", 13 + (6 << (content[10] & 7)))
    content[6:10] = struct.pack("<HH", SIDE, SIDE)
    content[place + 1 : place + 5] = struct.pack("<HH", 7, 7)
    return bytes(content)


def packed_bmp(size: tuple[int, int], depth: int, runs: bytes) -> bytes:
    """A run-length encoded BMP of black and white: colours 0 and 1."""
    palette = bytes([0, 0, 0, 0, 255, 255, 255, 0])
    start = 54 + len(palette)
    compression = {8: 1, 4: 2}[depth]
    header = struct.pack("<IiiHHIIiiII", 40, *size, 1, depth, compression, len(runs), 0, 0, 2, 0)
    return b"BM" + struct.pack("<IHHI", start + len(runs), 0, 0, start) + header + palette + runs


# Nine white pixels, a row without any, nine white pixels, and the end of the picture.
RUNS = b"\x09\1\0\0" + b"\0\0" + b"\x09\1" + b"\0\1"


def _bar(row: int) -> Levels:
    levels = np.zeros((SIDE, SIDE), np.uint8)
    levels[row] = 90
    return levels


def orientations() -> dict[str, Kind]:
    """The same upright picture, stored in every EXIF orientation."""
    stored = {
        1: CHECKS,
        2: CHECKS[:, ::-1],
        3: CHECKS[::-1, ::-1],
        4: CHECKS[::-1],
        5: CHECKS.T,
        6: CHECKS.T[::-1],
        7: CHECKS.T[::-1, ::-1],
        8: CHECKS.T[:, ::-1],
    }
    kinds = {}
    for orientation, levels in stored.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        content = file_of(Image.fromarray(np.ascontiguousarray(levels)), exif=exif)
        kinds[f"EXIF orientation {orientation}"] = Kind(content, CHECKS)
    return kinds


def many_scans() -> bytes:
    """A progressive JPEG of 4096 x 4096 that repeats its last scan."""
    content = file_of(Image.new("L", (4096, 4096)), "JPEG", progressive=True)
    return content[:-2] + content[content.rindex(b"\xff\xda") : -2] * 30 + b"\xff\xd9"


def bmp_of_masks(*masks: int) -> bytes:
    """A BMP of 16 bits a pixel that says which bits are which colour."""
    header = struct.pack("<IiiHHIIiiII", 56, SIDE, SIDE, 1, 16, 3, SIDE * SIDE * 2, 0, 0, 0, 0)
    content = header + struct.pack("<4I", *masks) + bytes(SIDE * SIDE * 2)
    return b"BM" + struct.pack("<IHHI", 14 + len(content), 0, 0, 70) + content


def refused() -> dict[str, Kind]:
    """Files that the service refuses: other formats, damaged and too large ones."""
    floats = Image.fromarray(LEVELS.astype(np.float32) / 255)
    good, grey = raw(LEVELS, 8, 0), Image.fromarray(LEVELS)
    flipped = bytearray(good)
    flipped[len(good) // 2] ^= 4
    contents = {
        "TIFF, also with float grey": file_of(floats, "TIFF"),
        "SVG": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        "PDF": b"%PDF-1.7",
        "text": b"a text",
        "ICO": file_of(grey, "ICO"),
        "AVIF": b"\0\0\0\x20ftypavif\0\0\0\0avifmif1miaf",
        "RIFF that is not WebP": b"RIFF\x24\0\0\0WAVEfmt ",
        "empty file": b"",
        "cut PNG": good[:-100],
        "cut JPEG": file_of(grey, "JPEG")[:-100],
        "JPEG cut, its end marker put back": file_of(grey, "JPEG")[:-100] + b"\xff\xd9",
        "JPEG of more scans than its size allows": many_scans(),
        "JPEG of 12 bits a channel": file_of(grey, "JPEG").replace(
            b"\xff\xc0\0\x0b\x08", b"\xff\xc1\0\x0b\x0c"
        ),
        "BMP with unusual masks": bmp_of_masks(0xF00, 0xF0, 0xF, 0xF000),
        "BMP with a JPEG inside": file_of(grey, "BMP")[:30] + b"\4" + file_of(grey, "BMP")[31:],
        "PNG whose rows end early": png((SIDE, SIDE), 8, 0, bytes(14 * 29)),
        "file of more than 100000 parts": good[:33] + chunk(b"tEXt", b"") * 100_000 + good[33:],
        "cut GIF": file_of(grey, "GIF")[:-100],
        "cut BMP": file_of(grey, "BMP")[:-100],
        "cut WebP": file_of(grey, "WEBP", lossless=True)[:-100],
        "PNG with a flipped bit": bytes(flipped),
        "PNG header alone": good[:33],
        "declares too many pixels": png((60_000, 60_000), 8, 0, b""),
        "declares a side of over 65535 pixels": png((70_000, 1), 8, 0, b""),
    }
    return {name: Kind(content, None) for name, content in contents.items()}
