"""What the service does, operation by operation: checks, inference and the answer's bytes.

It knows neither HTTP nor torch; routes parse and send, `inference` computes.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic_core import to_json

from service.api.inputs import (
    AnimateInput,
    DecodeInput,
    DecodePixelsInput,
    EncodeInput,
    EncodePixelsInput,
    GridQuery,
    InterpolateInput,
)
from service.artifact.contract import Artifact
from service.errors import Fault, Invalid, TooLarge
from service.http.bodies import BodySize, Schema, check_size, parse_json
from service.latent import paths
from service.operations import limits
from service.operations.encodings import encode_json, reconstruct_json
from service.operations.etags import answer_tag, grid_tag
from service.operations.grids import Grid, make_grid, make_tile
from service.operations.picture_cache import PictureCache
from service.operations.reference import reference_json, reference_png
from service.pictures import mosaic
from service.pictures.apng import encode_apng
from service.pictures.fitting import Picture, read_picture
from service.pictures.formats import is_small_png
from service.pictures.png import encode_png
from service.serving import inference
from service.serving.metrics import Metrics
from service.serving.registry import Registry
from service.settings import Settings

# Parsing this much JSON takes about a millisecond; more leaves the event loop.
SMALL_BODY_BYTES = 64 * 1024
# This much work takes about a millisecond, of which handing it to a place and back would be a good
# part; more leaves the event loop.
SMALL_TILES = 64
SMALL_PIXELS = SMALL_TILES * 28 * 28
SMALL_IMAGES = 8
SMALL_POINTS = 4096  # that are written as text
SMALL_FILE_PIXELS = 64 * 64

Floats = npt.NDArray[np.float32]
# Artifact, images, what was done to each and where the request has them -> the answer's bytes.
AnswerImages = Callable[[Artifact, Floats, list[list[str]], str], bytes]


@dataclass(frozen=True)
class Answer:
    """The bytes of an answer and the artifact that all of it came from."""

    content: bytes
    artifact: Artifact


@dataclass(frozen=True)
class Work:
    """A checked request: what computes its answer's bytes, and whether that is soon done."""

    artifact: Artifact
    compute: Callable[[], bytes]
    is_small: bool
    kind: Literal["images", "latents", "tiles"]
    count: int
    key: str | None = None  # under which the answer may be kept: its entity tag


class Atlas:
    """The operations on latent spaces, each computed in one place of the executor."""

    def __init__(
        self,
        settings: Settings,
        registry: Registry,
        executor: inference.InferenceExecutor,
        metrics: Metrics,
    ) -> None:
        self.settings = settings
        self.registry = registry
        self.executor = executor
        self.pictures = PictureCache(settings.cache_bytes, metrics)
        # A parser holds the interpreter's lock: several at once would only starve the event loop.
        self._parsing = asyncio.Lock()
        self._counts = {kind: metrics.items.labels(kind) for kind in ("images", "latents", "tiles")}

    async def parse(self, schema: type[Schema], content: bytes) -> Schema:
        """A JSON body checked against `schema`; a large one off the event loop, one at a time.

        A large one is refused as Overloaded before the work of parsing it, not after. It takes no
        place, so that it never waits for a place while it holds one.
        """
        if len(content) <= SMALL_BODY_BYTES:
            return parse_json(schema, content, self.settings)
        check_size(content, self.body_size())
        self.executor.require_room()
        async with self._parsing:
            self.executor.require_room()
            return await asyncio.to_thread(parse_json, schema, content, self.settings)

    def body_size(self) -> BodySize:
        """What a right JSON body can hold at most.

        Raises ModelUnavailable while there is no model.
        """
        artifacts = self.registry.artifacts.values() or [self.registry.get(None)]
        return limits.body_size(self.settings, [artifact.manifest for artifact in artifacts])

    def plan_encode_files(self, form: EncodeInput) -> Work:
        """EncodeOutput as JSON for uploaded pictures; one bad picture is named by its index."""
        return self._plan_files(self.registry.get(form.model), form, encode_json)

    def plan_reconstruct(self, form: EncodeInput) -> Work:
        """ReconstructOutput as JSON for uploaded pictures, as `plan_encode_files` reads them."""
        artifact = self.registry.get(form.model)
        count = 2 * len(form.images)
        limits.check_numbers(self.settings, artifact.manifest.image, count, "/form/images")
        return self._plan_files(artifact, form, reconstruct_json)

    def plan_encode_pixels(self, body: EncodePixelsInput) -> Work:
        """EncodeOutput as JSON for images given as numbers."""
        artifact = self.registry.get(body.model)
        is_small = len(body.images) <= SMALL_IMAGES
        compute = partial(_encode_pixels, artifact, body)
        return Work(artifact, compute, is_small, "images", len(body.images))

    def plan_decode(self, body: DecodeInput) -> Work:
        """A PNG mosaic of the latent points, row by row."""
        artifact = self.registry.get(body.model)
        _check_points(artifact, body.latents)
        columns = body.columns or mosaic.square_columns(len(body.latents))
        rows = -(-len(body.latents) // columns)
        image = artifact.manifest.image
        limits.check_mosaic(self.settings, image, rows, columns, body.scale, "/body")
        points = np.array(body.latents, np.float32)
        is_small = _is_small(artifact, rows * columns, body.scale)
        compute = partial(_draw, artifact, points, columns, body.scale, "/body/latents")
        return Work(artifact, compute, is_small, "latents", len(points))

    def plan_decode_pixels(self, body: DecodePixelsInput) -> Work:
        """DecodePixelsOutput as JSON."""
        artifact = self.registry.get(body.model)
        _check_points(artifact, body.latents)
        count = len(body.latents)
        limits.check_numbers(self.settings, artifact.manifest.image, count, "/body/latents")
        points = np.array(body.latents, np.float32)
        is_small = _is_small(artifact, len(points))
        compute = partial(_decode_pixels, artifact, points)
        return Work(artifact, compute, is_small, "latents", len(points))

    def plan_interpolate(self, body: InterpolateInput) -> Work:
        """A PNG of the pictures along a path, in one row."""
        artifact, points = self._path(body)
        is_small = _is_small(artifact, len(points), body.scale)
        compute = partial(_draw, artifact, points, len(points), body.scale, None)
        return Work(artifact, compute, is_small, "latents", len(points))

    def plan_animate(self, body: AnimateInput) -> Work:
        """An APNG of the pictures along a path, one after the other."""
        artifact, points = self._path(body, is_twice=body.bounce)
        is_small = _is_small(artifact, 2 * len(points), body.scale)
        compute = partial(_animate, artifact, points, body)
        return Work(artifact, compute, is_small, "latents", len(points))

    def plan_grid(self, query: GridQuery) -> Grid:
        """Check a grid's query against the model and the limits; cheap, computes no picture."""
        artifact = self.registry.get(query.model)
        _check_is_plane(artifact, "/query/model")
        size = query.rows, query.columns, query.scale
        limits.check_mosaic(self.settings, artifact.manifest.image, *size, "/query")
        return make_grid(artifact, query)

    def plan_map(self, model: str) -> Artifact:
        """The model of a map: it has two latent dimensions, and its tiles are within the limits."""
        artifact = self.registry.get(model)
        _check_is_plane(artifact, "/path/model")
        limits.check_tile(self.settings, artifact.manifest.image)
        return artifact

    def plan_tile(self, model: str, zoom: int, column: int, row: int) -> Grid:
        """The grid that a map tile is."""
        return make_tile(self.plan_map(model), zoom, column, row)

    def plan_grid_picture(self, grid: Grid) -> Work:
        """The PNG mosaic of a grid; row 0 is y's upper end, column 0 x's lower end."""
        tiles = grid.rows * grid.columns
        is_small = _is_small(grid.artifact, tiles, grid.scale)
        compute, key = partial(_draw_grid, grid), grid_tag(grid)
        return Work(grid.artifact, compute, is_small, "tiles", tiles, key)

    def plan_reference(self, model: str) -> Work:
        """ReferenceSet as JSON."""
        artifact = self.registry.get(model)
        count, key = len(artifact.reference.labels), answer_tag(artifact, "reference")
        compute, is_small = partial(reference_json, artifact), count <= SMALL_POINTS
        return Work(artifact, compute, is_small, "latents", count, key)

    def plan_reference_picture(self, model: str) -> Work:
        """The PNG mosaic of the reference images, in the order of their points."""
        artifact = self.registry.get(model)
        count, key = len(artifact.reference.labels), answer_tag(artifact, "reference.png")
        compute, is_small = partial(reference_png, artifact), _is_small(artifact, count)
        return Work(artifact, compute, is_small, "images", count, key)

    async def answer(self, work: Work) -> Answer:
        """Do the work: here if it is small, otherwise in a place of the executor.

        Raises Overloaded.
        """
        if (answer := self.answer_here(work)) is not None:
            return answer
        self._counts[work.kind].observe(work.count)
        run = partial(self.executor.run, work.compute)
        content = await (self.pictures.get_or_draw(work.key, run) if work.key else run())
        return Answer(content, work.artifact)

    def answer_here(self, work: Work) -> Answer | None:
        """Do small work without waiting for a place; None if it is not, or there is no time."""
        if not (work.is_small and self.executor.has_turn()):
            return None
        self._counts[work.kind].observe(work.count)
        run = partial(self.executor.run_here, work.compute)
        content = self.pictures.get_or_draw_here(work.key, run) if work.key else run()
        return Answer(content, work.artifact)

    def kept_grid(self, grid: Grid, key: str) -> Answer | None:
        """The picture of a grid, if it is in the cache."""
        content = self.pictures.get(key)
        if content is None:
            return None
        self._counts["tiles"].observe(grid.rows * grid.columns)
        return Answer(content, grid.artifact)

    def _plan_files(self, artifact: Artifact, form: EncodeInput, answer: AnswerImages) -> Work:
        is_small = len(form.images) <= SMALL_IMAGES and all(
            is_small_png(content, SMALL_FILE_PIXELS) for content in form.images
        )
        compute = partial(self._answer_files, artifact, form, answer)
        return Work(artifact, compute, is_small, "images", len(form.images))

    def _answer_files(self, artifact: Artifact, form: EncodeInput, answer: AnswerImages) -> bytes:
        settings, pictures, pixels = self.settings, list[Picture](), 0
        for index, content in enumerate(form.images):
            place = f"/form/images/{index}"
            picture = read_picture(
                content, artifact.manifest.image, form.polarity, settings.max_picture_pixels, place
            )
            pixels += picture.declared_pixels
            if pixels > settings.max_request_pixels:
                detail = f"the pictures up to this have over {settings.max_request_pixels} pixels"
                raise TooLarge(detail, place)
            pictures.append(picture)
        images = np.stack([picture.pixels for picture in pictures])
        return answer(artifact, images, [picture.applied for picture in pictures], "/form/images")

    def _path(self, body: InterpolateInput, is_twice: bool = False) -> tuple[Artifact, Floats]:
        """The model and the points of a path; with `is_twice` each picture is written twice."""
        artifact = self.registry.get(body.model)
        _check_points(artifact, body.latents)
        pictures = body.steps * (len(body.latents) - 1) + 1
        limits.check_path(self.settings, artifact.manifest.image, pictures, body.scale, is_twice)
        return artifact, paths.path(body.latents, body.method, body.steps)


def _encode_pixels(artifact: Artifact, body: EncodePixelsInput) -> bytes:
    image = artifact.manifest.image
    faults = [
        Fault(f"/body/images/{index}", f"expected {image.height} rows of {image.width} values")
        for index, rows in enumerate(body.images)
        if len(rows) != image.height or any(len(row) != image.width for row in rows)
    ]
    if faults:
        raise Invalid.at(faults[:1])
    images = np.array(body.images, np.float32)
    return encode_json(artifact, images, [[]] * len(images), "/body/images")


def _is_small(artifact: Artifact, tiles: int, scale: int = 1) -> bool:
    """Whether so many pictures are soon drawn: there are few, and they are no larger than usual."""
    image, drawn = artifact.manifest.image, tiles * scale**2
    return drawn <= SMALL_TILES and drawn * image.height * image.width <= SMALL_PIXELS


def _check_is_plane(artifact: Artifact, place: str) -> None:
    if artifact.manifest.latent_dim != 2:
        raise Invalid("this needs a model with two latent dimensions", place)


def _check_points(artifact: Artifact, latents: list[list[float]]) -> None:
    latent_dim = artifact.manifest.latent_dim
    for index, point in enumerate(latents):
        if len(point) != latent_dim:
            raise Invalid(f"expected {latent_dim} coordinates", f"/body/latents/{index}")


def _draw(artifact: Artifact, points: Floats, columns: int, scale: int, place: str | None) -> bytes:
    tiles = inference.decode_levels(artifact, points, place)
    return encode_png(mosaic.lay_out(tiles, columns, scale))


def _animate(artifact: Artifact, points: Floats, body: AnimateInput) -> bytes:
    tiles = inference.decode_levels(artifact, points, place=None)
    frames = [mosaic.lay_out(tile[None], 1, body.scale) for tile in tiles]
    back = frames[-2:0:-1] if body.bounce else []  # both ends are shown once a round
    return encode_apng(frames + back, body.frame_milliseconds)


def _draw_grid(grid: Grid) -> bytes:
    return _draw(grid.artifact, grid.points(), grid.columns, grid.scale, place=None)


def _decode_pixels(artifact: Artifact, points: Floats) -> bytes:
    return to_json(  # of DecodePixelsOutput's shape
        {
            "model": artifact.manifest.name,
            "version": artifact.manifest.version,
            "images": inference.decode(artifact, points).tolist(),
        }
    )
