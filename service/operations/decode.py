"""Latent points, listed or along a path, to pictures or numbers."""

from collections.abc import Callable
from functools import partial

import numpy as np
from pydantic_core import to_json

from service.artifact.arrays import Floats, Levels
from service.artifact.contract import Artifact
from service.errors import Invalid
from service.latent.paths import Method, path, path_length
from service.operations import limits
from service.operations.lists import items_json
from service.pictures.apng import encode_apng
from service.pictures.mosaic import lay_out, square_columns
from service.pictures.png import encode_png
from service.serving.inference import decode, decode_levels
from service.serving.work import Batch, Work, size_of_drawing
from service.settings import Settings

Points = list[list[float]]


def decode_to_mosaic(
    artifact: Artifact, settings: Settings, latents: Points, columns: int | None, scale: int
) -> Work[bytes]:
    """A PNG mosaic of the points' pictures, row by row; as square as possible without `columns`."""
    _check_dimensions(artifact, latents)
    columns = columns or square_columns(len(latents))
    rows = -(-len(latents) // columns)
    limits.check_mosaic(settings, artifact.manifest.image, rows, columns, scale, "/body")
    prepare = partial(_mosaic, latents, columns, scale)
    size = size_of_drawing(artifact, rows * columns, scale)
    return Work(artifact, prepare, size, "latents", len(latents))


def decode_to_pixels(artifact: Artifact, settings: Settings, latents: Points) -> Work[bytes]:
    """DecodePixelsOutput as JSON."""
    _check_dimensions(artifact, latents)
    limits.check_numbers(settings, artifact.manifest.image, len(latents), "/body/latents")
    prepare = partial(_pixels, artifact, latents)
    size = size_of_drawing(artifact, len(latents))
    return Work(artifact, prepare, size, "latents", len(latents))


def interpolate(
    artifact: Artifact, settings: Settings, latents: Points, method: Method, steps: int, scale: int
) -> Work[bytes]:
    """A PNG of the pictures along a path, in one row."""
    _check_dimensions(artifact, latents)
    limits.check_path(settings, artifact.manifest.image, len(latents), steps, scale)
    count = path_length(len(latents), steps)
    prepare = partial(_strip, latents, method, steps, scale)
    return Work(artifact, prepare, size_of_drawing(artifact, count, scale), "latents", count)


def animate(
    artifact: Artifact,
    settings: Settings,
    latents: Points,
    method: Method,
    steps: int,
    scale: int,
    frame_milliseconds: int,
    bounce: bool,
) -> Work[bytes]:
    """An APNG of the pictures along a path; with `bounce` there and back."""
    _check_dimensions(artifact, latents)
    limits.check_path(settings, artifact.manifest.image, len(latents), steps, scale, bounce)
    count = path_length(len(latents), steps)
    draw = partial(_draw_frames, scale, frame_milliseconds, bounce)
    prepare = partial(_frames, latents, method, steps, draw)
    return Work(artifact, prepare, size_of_drawing(artifact, 2 * count, scale), "latents", count)


def mosaic(points: Floats, columns: int, scale: int, pointer: str | None = None) -> Batch[bytes]:
    """[B, D] points -> what draws their pictures as a PNG mosaic, row by row.

    `pointer` is where the request lists the points, if it does.
    """
    return Batch(decode_levels, points, partial(_draw_mosaic, columns, scale), pointer)


def _draw_mosaic(columns: int, scale: int, tiles: Levels) -> bytes:
    return encode_png(lay_out(tiles, columns, scale))


def _mosaic(latents: Points, columns: int, scale: int) -> Batch[bytes]:
    return mosaic(np.array(latents, np.float32), columns, scale, "/body/latents")


def _strip(latents: Points, method: Method, steps: int, scale: int) -> Batch[bytes]:
    points = path(latents, method, steps)
    return mosaic(points, len(points), scale)


def _frames(
    latents: Points, method: Method, steps: int, draw: Callable[[Levels], bytes]
) -> Batch[bytes]:
    return Batch(decode_levels, path(latents, method, steps), draw, pointer=None)


def _draw_frames(scale: int, frame_milliseconds: int, bounce: bool, tiles: Levels) -> bytes:
    frames = [lay_out(tile[None], 1, scale) for tile in tiles]
    back = frames[-2:0:-1] if bounce else []  # each end is shown once a round
    return encode_apng(frames + back, frame_milliseconds)


def _pixels(artifact: Artifact, latents: Points) -> Batch[bytes]:
    points = np.array(latents, np.float32)
    return Batch(decode, points, partial(_write_pixels, artifact), "/body/latents")


def _write_pixels(artifact: Artifact, pixels: Floats) -> bytes:
    images = items_json(image.tolist() for image in pixels)
    named = to_json({"model": artifact.manifest.name, "version": artifact.manifest.version})
    return b"".join((named[:-1], b',"images":[', images, b"]}"))  # of DecodePixelsOutput's shape


def _check_dimensions(artifact: Artifact, latents: Points) -> None:
    latent_dim = artifact.manifest.latent_dim
    for index, point in enumerate(latents):
        if len(point) != latent_dim:
            raise Invalid(f"expected {latent_dim} coordinates", f"/body/latents/{index}")
