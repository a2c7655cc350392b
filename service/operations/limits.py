"""Checks what a request may make large against the settings, before anything is computed."""

from collections.abc import Sequence
from dataclasses import dataclass

from service.artifact.manifest import ImageSpec, Manifest
from service.errors import Invalid
from service.latent.paths import path_length
from service.latent.planes import TILE_CELLS
from service.settings import Settings


@dataclass(frozen=True)
class BodySize:
    """The most lists and values that a right JSON body can hold, whatever its schema."""

    lists: int
    values: int


def max_body_size(settings: Settings, manifests: Sequence[Manifest]) -> BodySize:
    """The size for the largest of one or more models."""
    images, latents = settings.max_images, settings.max_latents
    height = max(manifest.image.height for manifest in manifests)
    pixels = max(manifest.image.height * manifest.image.width for manifest in manifests)
    dimensions = max(manifest.latent_dim for manifest in manifests)
    return BodySize(
        lists=max(images * (2 + height), latents) + 1,  # 2: [B, 1, H, W] has a channel axis
        values=max(images * pixels, latents * dimensions),
    )


def check_numbers(settings: Settings, image: ImageSpec, count: int, pointer: str) -> None:
    """Raise Invalid where `count` pictures as numbers are too many for an answer."""
    most = settings.max_output_numbers
    if count * image.height * image.width > most:
        raise Invalid(f"the answer would have more than {most} pixel values", pointer)


def check_mosaic(
    settings: Settings, image: ImageSpec, rows: int, columns: int, scale: int, root: str
) -> None:
    """Raise Invalid where a mosaic has too many tiles or pixels; `root` holds its parameters."""
    if rows * columns > settings.max_tiles:
        raise Invalid(f"at most {settings.max_tiles} tiles are allowed", f"{root}/columns")
    if scale > settings.max_scale:
        raise Invalid(f"at most {settings.max_scale} is allowed", f"{root}/scale")
    if rows * image.height * columns * image.width * scale**2 > settings.max_output_pixels:
        detail = f"the mosaic would have more than {settings.max_output_pixels} pixels"
        raise Invalid(detail, f"{root}/scale")


def check_tile(settings: Settings, image: ImageSpec) -> None:
    """Raise Invalid where a map tile has too many pixels."""
    most = settings.max_output_pixels
    if TILE_CELLS**2 * image.height * image.width > most:
        raise Invalid(f"a tile would have more than {most} pixels", "/path/model")


def check_path(
    settings: Settings,
    image: ImageSpec,
    points: int,
    steps: int,
    scale: int,
    is_written_twice: bool = False,
) -> None:
    """Raise Invalid where a path through so many points has too many pictures or pixels."""
    pictures = path_length(points, steps)
    if pictures > settings.max_latents:
        detail = f"the path would have more than {settings.max_latents} pictures"
        raise Invalid(detail, "/body/steps")
    written = pictures * (1 + is_written_twice)
    if written * image.height * image.width * scale**2 > settings.max_output_pixels:
        detail = f"the pictures would have more than {settings.max_output_pixels} pixels"
        raise Invalid(detail, "/body/scale")
