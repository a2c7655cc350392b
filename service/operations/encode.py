"""Pictures to latent coordinates, and what the model makes of them there."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from service.artifact.arrays import Doubles, Floats
from service.artifact.contract import Artifact
from service.errors import Invalid, TooLarge
from service.operations import limits
from service.operations.encodings import encodings, reconstructions
from service.pictures.fitting import Picture, Polarity, fit_picture
from service.pictures.formats import is_small_png, open_picture
from service.serving.executor import stop_if_unwanted
from service.serving.work import IMAGES, LARGE, Batch, Work
from service.settings import Settings

SMALL_FILE_PIXELS = 64 * 64
FORM_FILES = "/form/images"

# [N][H][W]: lists, or the array of a body that could be read as one.
Pixels = list[list[list[float]]] | Doubles
# Artifact, images, what was done to each and where the request lists them -> what is computed.
ToBatch = Callable[[Artifact, Floats, list[list[str]], str | None], Batch[bytes]]


def encode_files(
    artifact: Artifact, settings: Settings, files: Sequence[bytes], polarity: Polarity
) -> Work[bytes]:
    """EncodeOutput as JSON of uploaded pictures. An error names the first bad one by its index."""
    return _of_files(artifact, settings, files, polarity, encodings, FORM_FILES)


def encode_picture(
    artifact: Artifact, settings: Settings, content: bytes, polarity: Polarity
) -> Work[bytes]:
    """EncodeOutput as JSON of the one picture whose file is the body, read as by `encode_files`."""
    return _of_files(artifact, settings, [content], polarity, encodings, pointer=None)


def reconstruct_files(
    artifact: Artifact, settings: Settings, files: Sequence[bytes], polarity: Polarity
) -> Work[bytes]:
    """ReconstructOutput as JSON of uploaded pictures, read as `encode_files` does."""
    limits.check_numbers(settings, artifact.manifest.image, 2 * len(files), FORM_FILES)
    return _of_files(artifact, settings, files, polarity, reconstructions, FORM_FILES)


def encode_pixels(artifact: Artifact, images: Pixels) -> Work[bytes]:
    """EncodeOutput as JSON of images given as rows of numbers."""
    prepare = partial(_read_pixels, artifact, images)
    return Work(artifact, prepare, len(images) / IMAGES, "images", len(images))


def _of_files(
    artifact: Artifact,
    settings: Settings,
    files: Sequence[bytes],
    polarity: Polarity,
    to_batch: ToBatch,
    pointer: str | None,
) -> Work[bytes]:
    are_small = all(is_small_png(content, SMALL_FILE_PIXELS) for content in files)
    prepare = partial(_read_files, artifact, settings, files, polarity, to_batch, pointer)
    size = len(files) / IMAGES if are_small else LARGE
    return Work(artifact, prepare, size, "images", len(files))


def _read_files(
    artifact: Artifact,
    settings: Settings,
    files: Sequence[bytes],
    polarity: Polarity,
    to_batch: ToBatch,
    pointer: str | None,
) -> Batch[bytes]:
    """Read files that the request lists at `pointer`, or has as its body if that is None."""
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
    return to_batch(artifact, images, [picture.applied for picture in pictures], pointer)


def _read_pixels(artifact: Artifact, images: Pixels) -> Batch[bytes]:
    size = artifact.manifest.image.height, artifact.manifest.image.width
    sizes = (_size_of(rows) for rows in images) if isinstance(images, list) else [images.shape[1:]]
    for index, found in enumerate(sizes):
        if found != size:
            detail = f"expected {size[0]} rows of {size[1]} values"
            raise Invalid(detail, f"/body/images/{index}")
    pixels = np.array(images, np.float32)
    return encodings(artifact, pixels, [[]] * len(pixels), "/body/images")


def _size_of(rows: list[list[float]]) -> tuple[int, ...]:
    """The image's height and width; without a width if the rows differ in length."""
    return len(rows), *{len(row) for row in rows}
