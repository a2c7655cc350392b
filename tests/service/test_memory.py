"""Limits hold before memory is spent: measures peaks of the real server's resident memory.

Every rise counts from the ready server, so it includes what an earlier case left behind.
"""

import socket
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from tests import tiny
from tests.memory import peak_bytes, reset_peak, resident_bytes
from tests.pictures import chunk, file_of, png
from tests.server import serve

MEBIBYTE = 2**20
LIMIT = 8 * MEBIBYTE
OVER = LIMIT + 10_000_000
RISE_OF_A_BODY = LIMIT + 32 * MEBIBYTE
RISE_OF_A_PICTURE = 224 * MEBIBYTE
RISE_OF_A_WEBP = 400 * MEBIBYTE  # libwebp holds the canvas four times over
SIDE = 4096

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="the peak is read from Linux's /proc"
)


@dataclass(frozen=True)
class Measured:
    """A server and its resident memory when it was ready."""

    address: str
    pid: int
    baseline: int

    def rise(self) -> int:
        """Bytes by which the peak exceeds the ready server."""
        return peak_bytes(self.pid) - self.baseline


@pytest.fixture(scope="module")
def running(repository: Path) -> Iterator[Measured]:
    """A ready server that has answered a few requests."""
    with serve(["-m", "service"], repository) as (address, process):
        httpx.get(f"{address}/grid?rows=2")
        httpx.post(f"{address}/encode", files=tiny.uploads([png((1, 1), 8, 0, b"\0\0")]))
        yield Measured(address, process.pid, resident_bytes(process.pid))


@pytest.fixture
def server(running: Measured) -> Measured:
    """The same server for every case, with its peak reset."""
    reset_peak(running.pid)
    return running


def send(server: Measured, head: bytes, pieces: Iterator[bytes], head_end: bytes = b"\r\n") -> int:
    """Send a body in pieces until the server stops reading. Returns the answer's status."""
    host, port = server.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        try:
            connection.sendall(b"POST " + head + head_end)
            for piece in pieces:
                connection.sendall(piece)
        except OSError:
            pass  # the server has already refused
        return int(connection.recv(64).split()[1])


JSON = b"/decode HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
FORM = b"/encode HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n"
FILE = b'--b\r\nContent-Disposition: form-data; name="images"; filename="a"\r\n\r\n'
TEXT = b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\n'
SMALL = (FILE + b"x\r\n") * (MEBIBYTE // (len(FILE) + 3))
FORMS = {
    "one huge file": (415, FILE, b"\x89" * MEBIBYTE),
    "many small files": (422, SMALL, SMALL),
    "one huge field": (422, TEXT, b"v" * MEBIBYTE),
    "many small fields": (422, TEXT, (b"x\r\n" + TEXT) * (MEBIBYTE // 60)),
    "one huge part header": (400, b"--b\r\nX: ", b"h" * MEBIBYTE),
}
BODIES = {
    "JSON": (JSON, b'{"model": "', b"a" * MEBIBYTE),
    "JSON of many lists": (JSON, b'{"latents": [', b"[]," * (MEBIBYTE // 3)),
    **{name: (FORM, start, block) for name, (_, start, block) in FORMS.items()},
}


def body(start: bytes, block: bytes) -> Iterator[bytes]:
    """A body that exceeds the limit by more than ten million bytes."""
    yield start
    for _ in range(OVER // len(block) + 1):
        yield block


@pytest.mark.parametrize("name", BODIES)
def test_body_over_the_limit_with_a_length_costs_nothing(server: Measured, name: str) -> None:
    head, start, block = BODIES[name]

    status = send(server, head + b"Content-Length: %d\r\n" % OVER, body(start, block))

    assert status == 413
    assert server.rise() < RISE_OF_A_BODY


@pytest.mark.parametrize("name", BODIES)
def test_body_over_the_limit_in_chunks_costs_no_more_than_the_limit(
    server: Measured, name: str
) -> None:
    head, start, block = BODIES[name]
    pieces = (b"%x\r\n%s\r\n" % (len(piece), piece) for piece in body(start, block) if piece)

    status = send(server, head + b"Transfer-Encoding: chunked\r\n", pieces)

    assert status == 413
    assert server.rise() < RISE_OF_A_BODY


@pytest.mark.parametrize("name", FORMS)
def test_wrong_form_within_the_limit_costs_no_more_than_the_limit(
    server: Measured, name: str
) -> None:
    expected, start, block = FORMS[name]
    content = start + block * 7 + b"\r\n--b--\r\n"

    status = send(server, FORM + b"Content-Length: %d\r\n" % len(content), iter([content]))

    assert LIMIT // 2 < len(content) <= LIMIT
    assert status == expected
    assert server.rise() < 2 * RISE_OF_A_BODY


FILLED = LIMIT - 1000
WIDE = {
    "empty lists": b'{"latents":[' + b"[]," * (FILLED // 3) + b"[]]}",
    "short lists": b'{"latents":[' + b"[0]," * (FILLED // 4) + b"[0]]}",
    "one long list": b'{"latents":[[' + b"0," * (FILLED // 2) + b"0]]}",
    "unknown fields": b"{" + b'"a":0,' * (FILLED // 6) + b'"a":0}',
    "objects": b'{"latents":[' + b"{}," * (FILLED // 3) + b"{}]}",
    "texts": b'{"latents":[' + b'"",' * (FILLED // 3) + b'""]}',
    "nesting": b"[" * FILLED,
    "a long number": b'{"latents":[[' + b"1" * FILLED + b",0]]}",
    "a long fraction": b'{"latents":[[0.' + b"1" * FILLED + b",0,0]]}",
    "a long text": b'{"latents":[[0,0]],"model":"' + b"a" * FILLED + b'"}',
    "escapes": b'{"latents":[[0,0]],"model":"' + b"\\u0041" * (FILLED // 6) + b'"}',
}


@pytest.mark.parametrize("name", WIDE)
def test_deep_and_wide_json_within_the_limit_is_refused_in_little_memory(
    server: Measured, name: str
) -> None:
    headers = {"Content-Type": "application/json"}

    response = httpx.post(f"{server.address}/decode", content=WIDE[name], headers=headers)

    assert response.status_code in (400, 422)
    assert server.rise() < RISE_OF_A_BODY


@pytest.mark.parametrize(
    ("start", "block"),
    [
        (b"/", b"a" * MEBIBYTE),
        (b"/livez HTTP/1.1\r\nX: ", b"a" * MEBIBYTE),
        (b"/livez HTTP/1.1\r\n", b"X: a\r\n" * (MEBIBYTE // 6)),
    ],
)
def test_endless_head_is_refused(server: Measured, start: bytes, block: bytes) -> None:
    status = send(server, start, (block for _ in range(64)), head_end=b"")

    assert status in (400, 414, 431)
    assert server.rise() < RISE_OF_A_BODY


# Pictures


def zeros(depth: int, colour_type: int, channels: int, ancillary: bytes = b"") -> bytes:
    """A PNG of the largest allowed size in a few kilobytes."""
    row = 1 + (SIDE * channels * depth + 7) // 8
    return png((SIDE, SIDE), depth, colour_type, bytes(row * SIDE), ancillary)


def rotated() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


def large(mode: str) -> Image.Image:
    return Image.new(mode, (SIDE, SIDE))


PALETTE = chunk(b"PLTE", bytes(768)) + chunk(b"tRNS", bytes(256))
PICTURES: dict[str, Callable[[], bytes]] = {
    "PNG grey 1-bit": lambda: zeros(1, 0, 1),
    "PNG grey 16-bit, tRNS": lambda: zeros(16, 0, 1, chunk(b"tRNS", bytes(2))),
    "PNG palette with transparency": lambda: zeros(8, 3, 1, PALETTE),
    "PNG RGBA": lambda: zeros(8, 6, 4),
    "PNG RGBA 16-bit": lambda: zeros(16, 6, 4),
    "PNG RGBA, to be turned": lambda: file_of(large("RGBA"), exif=rotated()),
    "PNG of the widest kind": lambda: png((65_535, 256), 8, 0, bytes(65_536 * 256)),
    "JPEG progressive CMYK, to be turned": lambda: file_of(
        large("CMYK"), "JPEG", progressive=True, exif=rotated()
    ),
    "GIF": lambda: file_of(large("P"), "GIF"),
    "BMP 1-bit": lambda: file_of(large("1"), "BMP"),
}


def encode(server: Measured, *files: bytes) -> httpx.Response:
    return httpx.post(f"{server.address}/encode", files=tiny.uploads([*files]), timeout=30)


@pytest.mark.parametrize("name", PICTURES)
def test_largest_picture_takes_bounded_memory(server: Measured, name: str) -> None:
    assert encode(server, PICTURES[name]()).status_code == 200

    assert server.rise() < RISE_OF_A_PICTURE


def declared_webp(side: int) -> bytes:
    size = (side - 1).to_bytes(3, "little")
    return b"RIFF\x24\0\0\0WEBPVP8X\x0a\0\0\0\x10\0\0\0" + size * 2 + bytes(20)


def animated_gif(frames: int) -> bytes:
    one = file_of(Image.new("P", (4, 4)), "GIF")
    return one[:-1] + one[one.index(b",") : -1] * frames + b";"


def unpacking_png() -> bytes:
    """A small picture with text and colour profiles that unpack to 256 MiB."""
    text = chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(MEBIBYTE), 9))
    profile = chunk(b"iCCP", b"k\0\0" + zlib.compress(bytes(MEBIBYTE), 9))
    return png((28, 28), 8, 0, bytes(29 * 28), (text + profile) * 128)


def tiny_segments() -> bytes:
    jpeg = file_of(Image.new("RGB", (28, 28)), "JPEG")
    return jpeg[:2] + b"\xff\xe1\0\x09Exif\0\0a" * 600_000 + jpeg[2:]


def exif_jpeg() -> bytes:
    jpeg = file_of(Image.new("RGB", (28, 28)), "JPEG")
    segment = b"\xff\xe1\xff\xffExif\0\0MM\0*" + bytes(65_523)
    return jpeg[:2] + segment * 110 + jpeg[2:]


BOMBS: dict[str, tuple[Callable[[], bytes], int]] = {
    "PNG that declares 60000 x 60000": (lambda: png((60_000, 60_000), 8, 6, b""), 413),
    "PNG that declares 4096 x 4096 and ends": (lambda: png((SIDE, SIDE), 8, 6, b""), 422),
    "WebP that declares 16384 x 16384": (lambda: declared_webp(16_384), 413),
    "GIF of 300,000 frames": (lambda: animated_gif(300_000), 200),
    "PNG with unpacking text and profiles": (unpacking_png, 200),
    "JPEG of 600,000 Exif segments": (tiny_segments, 413),
    "JPEG with 7 MB of Exif": (exif_jpeg, 200),
}


@pytest.mark.parametrize("name", BOMBS)
def test_file_that_would_unpack_to_much_takes_little(server: Measured, name: str) -> None:
    make, status = BOMBS[name]

    response = encode(server, make())

    assert response.status_code == status
    assert server.rise() < RISE_OF_A_PICTURE


def test_pictures_of_one_request_are_limited_together(server: Measured) -> None:
    response = encode(server, *[zeros(1, 0, 1)] * 256)

    assert response.status_code == 413
    assert response.json()["errors"][0]["pointer"] == "/form/images/4"
    assert server.rise() < RISE_OF_A_PICTURE


# Answers


@pytest.mark.parametrize(
    "query", ["rows=128&columns=128", "rows=9&columns=9&scale=16", "rows=1&columns=16384"]
)
def test_largest_grids_take_bounded_memory(server: Measured, query: str) -> None:
    assert httpx.get(f"{server.address}/grid?{query}", timeout=30).status_code == 200

    assert server.rise() < RISE_OF_A_PICTURE


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/decode", {"latents": [[0.5, -0.5]] * 4096, "scale": 2}),
        ("/decode/pixels", {"latents": [[0.5, -0.5]] * 256}),
        ("/encode/pixels", {"images": [[[0.123456789] * 28] * 28] * 256}),
    ],
)
def test_largest_bodies_are_answered_in_bounded_memory(
    server: Measured, path: str, body: dict[str, Any]
) -> None:
    assert httpx.post(f"{server.address}{path}", json=body, timeout=30).status_code == 200

    assert server.rise() < RISE_OF_A_PICTURE


def test_largest_webp_takes_bounded_memory(server: Measured) -> None:
    still, frames = file_of(large("RGBA"), "WEBP", lossless=True), [large("RGB")]
    moving = file_of(large("RGBA"), "WEBP", save_all=True, append_images=frames, lossless=True)

    assert encode(server, still).status_code == encode(server, moving).status_code == 200

    assert server.rise() < RISE_OF_A_WEBP
