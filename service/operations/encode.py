"""Pictures to latent coordinates, and what the model makes of them there."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from service.artifact.arrays import Floats
from service.artifact.contract import Artifact
from service.errors import Invalid, TooLarge
from service.operations import limits
from service.operations.encodings import encode_json, reconstruct_json
from service.pictures.fitting import Picture, Polarity, fit_picture
from service.pictures.formats import is_small_png, open_picture
from service.serving.executor import stop_if_unwanted
from service.serving.work import SMALL_IMAGES, Work
from service.settings import Settings

SMALL_FILE_PIXELS = 64 * 64
FORM_FILES = "/form/images"

# Artifact, images, what was done to each and where the request lists them -> the answer's JSON.
ToJson = Callable[[Artifact, Floats, list[list[str]], str | None], bytes]


def encode_files(
    artifact: Artifact, settings: Settings, files: Sequence[bytes], polarity: Polarity
) -> Work[bytes]:
    """EncodeOutput as JSON of uploaded pictures. An error names the first bad one by its index."""
    return _of_files(artifact, settings, files, polarity, encode_json, FORM_FILES)


def encode_picture(
    artifact: Artifact, settings: Settings, content: bytes, polarity: Polarity
) -> Work[bytes]:
    """EncodeOutput as JSON of the one picture whose file is the body, read as by `encode_files`."""
    return _of_files(artifact, settings, [content], polarity, encode_json, pointer=None)


def reconstruct_files(
    artifact: Artifact, settings: Settings, files: Sequence[bytes], polarity: Polarity
) -> Work[bytes]:
    """ReconstructOutput as JSON of uploaded pictures, read as `encode_files` does."""
    limits.check_numbers(settings, artifact.manifest.image, 2 * len(files), FORM_FILES)
    return _of_files(artifact, settings, files, polarity, reconstruct_json, FORM_FILES)


def encode_pixels(artifact: Artifact, images: list[list[list[float]]]) -> Work[bytes]:
    """EncodeOutput as JSON of images given as rows of numbers."""
    is_small = len(images) <= SMALL_IMAGES
    compute = partial(_encode_pixels, artifact, images)
    return Work(artifact, compute, is_small, "images", len(images))


def _of_files(
    artifact: Artifact,
    settings: Settings,
    files: Sequence[bytes],
    polarity: Polarity,
    to_json: ToJson,
    pointer: str | None,
) -> Work[bytes]:
    is_small = len(files) <= SMALL_IMAGES and all(
        is_small_png(content, SMALL_FILE_PIXELS) for content in files
    )
    compute = partial(_answer_files, artifact, settings, files, polarity, to_json, pointer)
    return Work(artifact, compute, is_small, "images", len(files))


def _answer_files(
    artifact: Artifact,
    settings: Settings,
    files: Sequence[bytes],
    polarity: Polarity,
    to_json: ToJson,
    pointer: str | None,
) -> bytes:
    """Answer for files that the request lists at `pointer`, or has as its body if that is None."""
    spec, pictures, work = artifact.manifest.image, list[Picture](), 0
    for index, content in enumerate(files):
        stop_if_unwanted()
        place = "/body" if pointer is None else f"{pointer}/{index}"
        file = open_picture(content, settings.max_picture_pixels, place)
        work += file.work
        if work > settings.max_request_pixels:
            detail = f"the pictures up to this have over {settings.max_request_pixels} pixels"
            raise TooLarge(detail, place)
        pictures.append(fit_picture(file, spec, polarity, place))
    images = np.array([picture.pixels for picture in pictures])
    return to_json(artifact, images, [picture.applied for picture in pictures], pointer)


def _encode_pixels(artifact: Artifact, images: list[list[list[float]]]) -> bytes:
    spec = artifact.manifest.image
    for index, rows in enumerate(images):
        if len(rows) != spec.height or any(len(row) != spec.width for row in rows):
            detail = f"expected {spec.height} rows of {spec.width} values"
            raise Invalid(detail, f"/body/images/{index}")
    pixels = np.array(images, np.float32)
    return encode_json(artifact, pixels, [[]] * len(pixels), "/body/images")
