"""Latent points, listed or along a path, to pictures or numbers."""

from functools import partial

import numpy as np
from pydantic_core import to_json

from service.artifact.arrays import Floats
from service.artifact.contract import Artifact
from service.errors import Invalid
from service.latent.paths import Method, path, path_length
from service.operations import limits
from service.operations.lists import items_json
from service.pictures.apng import encode_apng
from service.pictures.mosaic import lay_out, square_columns
from service.pictures.png import encode_png
from service.serving.inference import decode, decode_levels
from service.serving.work import Work, is_small_drawing
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
    points = np.array(latents, np.float32)
    is_small = is_small_drawing(artifact, rows * columns, scale)
    compute = partial(draw, artifact, points, columns, scale, "/body/latents")
    return Work(artifact, compute, is_small, "latents", len(points))


def decode_to_pixels(artifact: Artifact, settings: Settings, latents: Points) -> Work[bytes]:
    """DecodePixelsOutput as JSON."""
    _check_dimensions(artifact, latents)
    limits.check_numbers(settings, artifact.manifest.image, len(latents), "/body/latents")
    points = np.array(latents, np.float32)
    compute = partial(_write_pixels, artifact, points)
    return Work(artifact, compute, is_small_drawing(artifact, len(points)), "latents", len(points))


def interpolate(
    artifact: Artifact, settings: Settings, latents: Points, method: Method, steps: int, scale: int
) -> Work[bytes]:
    """A PNG of the pictures along a path, in one row."""
    _check_dimensions(artifact, latents)
    limits.check_path(settings, artifact.manifest.image, len(latents), steps, scale)
    count = path_length(len(latents), steps)
    is_small = is_small_drawing(artifact, count, scale)
    compute = partial(_draw_path, artifact, latents, method, steps, scale)
    return Work(artifact, compute, is_small, "latents", count)


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
    is_small = is_small_drawing(artifact, 2 * count, scale)
    compute = partial(_animate, artifact, latents, method, steps, scale, frame_milliseconds, bounce)
    return Work(artifact, compute, is_small, "latents", count)


def draw(
    artifact: Artifact, points: Floats, columns: int, scale: int, pointer: str | None
) -> bytes:
    """[B, D] points -> their pictures as a PNG mosaic, row by row.

    Raises Invalid if a picture is not finite; `pointer` is where the request lists the points, if
    it does.
    """
    tiles = decode_levels(artifact, points, pointer)
    return encode_png(lay_out(tiles, columns, scale))


def _draw_path(
    artifact: Artifact, latents: Points, method: Method, steps: int, scale: int
) -> bytes:
    points = path(latents, method, steps)
    return draw(artifact, points, len(points), scale, pointer=None)


def _animate(
    artifact: Artifact,
    latents: Points,
    method: Method,
    steps: int,
    scale: int,
    frame_milliseconds: int,
    bounce: bool,
) -> bytes:
    tiles = decode_levels(artifact, path(latents, method, steps), pointer=None)
    frames = [lay_out(tile[None], 1, scale) for tile in tiles]
    back = frames[-2:0:-1] if bounce else []  # each end is shown once a round
    return encode_apng(frames + back, frame_milliseconds)


def _write_pixels(artifact: Artifact, points: Floats) -> bytes:
    images = items_json(image.tolist() for image in decode(artifact, points))
    named = to_json({"model": artifact.manifest.name, "version": artifact.manifest.version})
    return b"".join((named[:-1], b',"images":[', images, b"]}"))  # of DecodePixelsOutput's shape


def _check_dimensions(artifact: Artifact, latents: Points) -> None:
    latent_dim = artifact.manifest.latent_dim
    for index, point in enumerate(latents):
        if len(point) != latent_dim:
            raise Invalid(f"expected {latent_dim} coordinates", f"/body/latents/{index}")
