"""The most expensive requests that each operation allows, and wrong ones hard to refuse."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from service.app import ROUTERS
from service.artifact.load import load_artifact
from service.operations.etags import entity_tag
from service.settings import EMBEDDED_REPOSITORY
from tests import tiny
from tests.benchmarks.costly_pictures import FILLED, LARGE, flat_webp, interlaced_png
from tests.benchmarks.works import Request, picture_request, upload_request

VARIANTS = 10_000  # more than are drawn in the time of a measurement
IMAGES, POINTS = 256, 4096  # most of one request
SIDE = 28
NUMBERS = 2**20 // SIDE**2  # most points that are answered with pixel values
INFER = "/v2/models/{name}/infer"
TILE = "/tiles/{model}/{z}/{x}/{y}.png"
REFERENCE, REFERENCE_PNG = "/models/{name}/reference", "/models/{name}/reference.png"
PARAMETERS = {"name": "vae", "model": "vae", "number": 1, "z": 0, "x": 0, "y": 0}
PAGES = ("/", "/explorer/main.js", "/docs", "/docs/swagger-ui-bundle.js", "/openapi.json")
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "multipart/form-data; boundary=b"}
FILE = b'--b\r\nContent-Disposition: form-data; name="images"; filename="a"\r\n\r\n'
TEXT = b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\n'


@dataclass(frozen=True)
class Case:
    """A kind of request to one operation. `make` gives those that are sent in turn.

    `is_kept`: they are sent once before, so that the service holds their answers.
    """

    operation: str
    name: str
    make: Callable[[], list[Request]]
    is_kept: bool = False


def make_cases() -> list[Case]:
    """Every case, in the order of the table."""
    return [*_pictures(), *_bodies(), *_drawings(), *_inference(), *_plain_requests(), *_wrong()]


def _pictures() -> list[Case]:
    pixel = tiny.picture_bytes(np.zeros((1, 1), np.uint8))
    large = [_upload(name, make) for name, make in LARGE.items()]
    return [
        *large,
        _upload("PNG 16-bit RGBA, interlaced, 4 of them", interlaced_png, 4),
        _upload("PNG of one pixel, 256 of them", lambda: pixel, IMAGES),
        _upload("PNG of one pixel, 256 of them", lambda: pixel, IMAGES, "/reconstruct"),
        _bare("PNG 16-bit RGBA, interlaced", interlaced_png),
        _bare("WebP lossless, flat", flat_webp),
    ]


def _bodies() -> list[Case]:
    images = [[[0] * SIDE] * SIDE] * IMAGES
    points = {"latents": [[0, 0]] * POINTS}
    ends = {"latents": [[0, 0], [1, 1]]}
    return [
        _post("/encode/pixels", "256 images", _json({"images": images})),
        _post("/encode/pixels", "256 images in 8 MB", _json({"images": images}, digits=39)),
        _post("/decode", "4096 points, twice as large", _json({**points, "scale": 2})),
        _post("/decode", "1 point, 16384 columns", _json({"latents": [[0, 0]], "columns": 16384})),
        _post("/decode", "1 point, 16 times as large", _json({"latents": [[0, 0]], "scale": 16})),
        _post("/decode/pixels", "256 points", _json({"latents": [[0, 0]] * IMAGES})),
        _post("/interpolate", "4096 pictures", _json({**ends, "steps": 4095, "scale": 2})),
        _post(
            "/interpolate",
            "4096 points on arcs",
            _json({"latents": [[1, 0], [0, 1]] * 2048, "steps": 1, "method": "spherical"}),
        ),
        _post(
            "/interpolate/animation",
            "4096 frames, twice as large",
            _json({**ends, "steps": 4095, "scale": 2}),
        ),
        _post(
            "/interpolate/animation",
            "83 frames, 16 times as large",
            _json({**ends, "steps": 82, "scale": 16}),
        ),
    ]


def _drawings() -> list[Case]:
    tag = entity_tag(load_artifact(EMBEDDED_REPOSITORY / "vae" / "1"), "reference")
    tags = {"If-None-Match": '"a",' * 15_000 + tag}
    return [
        _grid("128 x 128", "rows=128&columns=128"),
        _kept("/grid", "128 x 128, kept", "/grid?rows=128&columns=128"),
        _grid("9 x 9, 16 times as large", "rows=9&columns=9&scale=16"),
        _grid("1 x 16384", "rows=1&columns=16384"),
        Case(
            TILE,
            "deepest",
            lambda: [Request(f"/tiles/vae/26/{n}/0.png") for n in range(VARIANTS)],
        ),
        _kept(TILE, "deepest, kept", "/tiles/vae/26/0/0.png"),
        _kept(REFERENCE, "points", "/models/vae/reference"),
        _kept(REFERENCE, "points, 304 after 60 kB of tags", "/models/vae/reference", tags),
        _kept(REFERENCE_PNG, "pictures", "/models/vae/reference.png"),
    ]


def _inference() -> list[Case]:
    images, latents = ("images", [IMAGES, 1, SIDE, SIDE]), ("latents", [NUMBERS, 2])
    pixels, coordinates = [0] * (IMAGES * SIDE**2), [0] * (NUMBERS * 2)
    as_json = _tensor(*latents, data=["?"])
    return [
        _post(INFER, "256 images", _json(_tensor(*images, data=pixels))),
        _post(INFER, "256 images in 8 MB", _json(_tensor(*images, data=pixels), digits=39)),
        _post(INFER, "256 images as bytes", *_binary(*images, 4 * len(pixels))),
        _post(INFER, "1337 points", _json(_tensor(*latents, data=coordinates))),
        _post(INFER, "1337 points as bytes", *_binary(*latents, 4 * len(coordinates))),
        _post(INFER, "8 MB of text in data", _json(as_json).replace(b"?", b"a" * FILLED)),
        _post(INFER, "8 MB of digits in data", _json(as_json).replace(b'"?"', b"1" * FILLED)),
        _post(INFER, "60 kB of unknown parameters", _json(_parameters(as_json, 3000))),
        _post(INFER, "a million brackets", b"[" * 1_000_000),
    ]


def _plain_requests() -> list[Case]:
    """Every GET with nothing special about it."""
    operations = [operation for router in ROUTERS for operation in router.operations]
    paths = [*(it.path for it in operations if it.method == "GET"), *PAGES]
    return [_get(path, "plain", path.format(**PARAMETERS)) for path in paths]


def _wrong() -> list[Case]:
    lists = b'{"latents":[%b[]]}'
    different = "&".join(f"{n:x}" for n in range(12_500))
    return [
        _get("/livez", "64 kB of one unknown parameter", "/livez?" + "a&" * 32_000),
        _get("/livez", "64 kB of unknown parameters", f"/livez?{different}"),
        _get("/grid", "64 kB of one parameter", "/grid?" + "rows=1&" * 9_000),
        _get("a path of 60 kB", "that is not there", "/" + "a" * 60_000),
        _get("a path of 60 kB", "of a map's tile", f"/tiles/{'a/' * 30_000}0.png"),
        _get("a path of 60 kB", "of a page's file", f"/explorer/{'a/' * 30_000}"),
        _post("/decode", "a million brackets", b"[" * 1_000_000),
        _post("/decode", "64 kB of brackets", b"[" * 65_000),
        _post("/decode", "64 kB of lists", lists % (b"[]," * 21_000)),
        _post("/decode", "64 kB of unknown fields", _json({f"{n:x}": 0 for n in range(6500)})),
        _post("/decode", "8 MB of digits", b'{"latents":[[0,0]],"scale":%b}' % (b"1" * FILLED)),
        _post("/decode", "8 MB of text", b'{"latents":[[0,0]],"model":"%b"}' % (b"a" * FILLED)),
        _bare("8 MB of text", lambda: b"a" * FILLED),
        _form("10,000 texts", (TEXT + b"\r\n") * 10_000),
        _form("10,000 files", (FILE + b"\r\n") * 10_000),
        _form("8 MB of what is almost a boundary", FILE + b"\r\n--bb" * (FILLED // 7)),
        _form("8 MB of blanks after a boundary", FILE + b"\r\n--b" + b" " * FILLED),
        _form("60 kB of media type", b"", {"Content-Type": FORM["Content-Type"] + ";a=b" * 15_000}),
    ]


def _upload(
    name: str, make: Callable[[], bytes], count: int = 1, operation: str = "/encode"
) -> Case:
    return Case(
        operation, name, lambda: [replace(upload_request(*[make()] * count), path=operation)]
    )


def _bare(name: str, make: Callable[[], bytes]) -> Case:
    return Case("/encode/picture", name, lambda: [picture_request(make())])


def _post(operation: str, name: str, body: bytes, headers: dict[str, str] | None = None) -> Case:
    path = operation.format(**PARAMETERS)
    return Case(operation, name, lambda: [Request(path, body, headers or JSON)])


def _form(name: str, content: bytes, headers: dict[str, str] | None = None) -> Case:
    return _post("/encode", name, content + b"\r\n--b--\r\n", headers or FORM)


def _get(operation: str, name: str, path: str) -> Case:
    return Case(operation, name, lambda: [Request(path)])


def _kept(operation: str, name: str, path: str, headers: dict[str, str] | None = None) -> Case:
    return Case(operation, name, lambda: [Request(path, headers=headers or {})], is_kept=True)


def _grid(name: str, query: str) -> Case:
    """Grids that differ in their bounds."""
    paths = [f"/grid?{query}&x_max={1 + n / VARIANTS}" for n in range(VARIANTS)]
    return Case("/grid", name, lambda: [Request(path) for path in paths])


def _json(body: object, digits: int = 1) -> bytes:
    """Compact JSON, in which every 0 takes so many digits."""
    content = json.dumps(body, separators=(",", ":")).encode()
    return content if digits == 1 else content.replace(b"0", b"0." + b"0" * (digits - 2))


def _tensor(name: str, shape: list[int], **values: object) -> dict[str, object]:
    return {"inputs": [{"name": name, "shape": shape, "datatype": "FP32", **values}]}


def _binary(name: str, shape: list[int], size: int) -> tuple[bytes, dict[str, str]]:
    """The body and headers of an inference request with a tensor as so many bytes."""
    header = _json(_tensor(name, shape, parameters={"binary_data_size": size}))
    return header + bytes(size), {"Inference-Header-Content-Length": str(len(header))}


def _parameters(body: dict[str, object], count: int) -> dict[str, object]:
    return {**body, "parameters": {f"parameter {n}": 0 for n in range(count)}}
