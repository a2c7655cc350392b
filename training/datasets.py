"""Finds images and labels in IDX files, checks and splits them.

A folder holds four files with Fashion-MNIST's names and optionally classes.txt, one class name per
line. Without it, classes are named by number, and Fashion-MNIST's as usual.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from service.artifact.arrays import Levels
from training import fashion_mnist
from training.errors import ConfigError, DataError
from training.fashion_mnist import (
    HELD_OUT_IMAGES,
    HELD_OUT_LABELS,
    TRAINING_IMAGES,
    TRAINING_LABELS,
)
from training.idx import header_of, read_images, read_labels

CLASSES_FILE = "classes.txt"


@dataclass(frozen=True)
class LabelledImages:
    """Images, white on black, and their classes."""

    pixels: Levels  # [N, H, W]
    labels: Levels  # [N], index into the class names


@dataclass(frozen=True)
class TrainingData:
    """What a run may see: of the held-out images, only how many there are."""

    name: str
    digest: str  # of `images_digest`
    class_names: tuple[str, ...]
    training: LabelledImages
    validation: LabelledImages
    held_out_count: int

    @property
    def image_shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        _, height, width = self.training.pixels.shape
        return height, width


def find_data(data_dir: Path | None) -> Path:
    """`data_dir`, or the cache folder of Fashion-MNIST, which is downloaded on first use.

    Raises DataError if a file is missing or cannot be downloaded.
    """
    if data_dir is None:
        return fashion_mnist.download()
    for file_name in fashion_mnist.MD5:
        if not (data_dir / file_name).is_file():
            raise DataError(f"{data_dir / file_name}: expected a file, found none")
    return data_dir


def load_training_data(folder: Path, validation: int | float, seed: int) -> TrainingData:
    """Read and check all four files, and split the training images by `seed`.

    `validation` is a number of images, or as a float their share, 0 to 1.
    Raises DataError, which names the file at fault, and ConfigError if the split leaves nothing
    to train on. All pictures alike are at fault too: their latent space is a single point.
    """
    images = _read_pair(folder, TRAINING_IMAGES, TRAINING_LABELS)
    held_out = load_held_out(folder)
    if held_out.pixels.shape[1:] != images.pixels.shape[1:]:
        raise DataError(
            f"{folder / HELD_OUT_IMAGES}: expected pictures of {images.pixels.shape[1:]}, "
            f"as in {TRAINING_IMAGES}, found {held_out.pixels.shape[1:]}"
        )
    class_names = _class_names(folder, images.labels, held_out.labels)
    training, validated = split_images(images, validation, seed)
    _check_different(folder / TRAINING_IMAGES, training.pixels)
    _check_different(folder / HELD_OUT_IMAGES, held_out.pixels)
    return TrainingData(
        name="fashion-mnist" if folder == fashion_mnist.cache_folder() else folder.resolve().name,
        digest=images_digest(folder),
        class_names=class_names,
        training=training,
        validation=validated,
        held_out_count=len(held_out.labels),
    )


def load_held_out(folder: Path) -> LabelledImages:
    """Read and check the held-out images, which only evaluation may see. Raises DataError."""
    return _read_pair(folder, HELD_OUT_IMAGES, HELD_OUT_LABELS)


def images_digest(folder: Path) -> str:
    """SHA-256 of the uncompressed training image file and then the held-out one, with headers.

    Raises DataError.
    """
    digest = hashlib.sha256()
    for file_name in (TRAINING_IMAGES, HELD_OUT_IMAGES):
        images = read_images(folder / file_name)
        digest.update(header_of(images))
        digest.update(images.data)
    return digest.hexdigest()


def split_images(
    images: LabelledImages, validation: int | float, seed: int
) -> tuple[LabelledImages, LabelledImages]:
    """Training and validation part, the same for the same seed. Raises ConfigError.

    `validation` is a number of images, or as a float their share, 0 to 1.
    """
    count = len(images.labels)
    held_back = validation if isinstance(validation, int) else round(validation * count)
    if held_back >= count:
        raise ConfigError(
            f"data.validation_images: expected fewer than the {count} training images, "
            f"found {held_back}"
        )
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(count, generator=generator).numpy()
    training, validated = np.sort(order[held_back:]), order[:held_back]
    return (
        LabelledImages(images.pixels[training], images.labels[training]),
        LabelledImages(images.pixels[validated], images.labels[validated]),
    )


def _check_different(path: Path, pixels: Levels) -> None:
    if (pixels == pixels[0]).all():
        raise DataError(f"{path}: expected different pictures, found only one, {len(pixels)} times")


def _class_names(folder: Path, training: Levels, held_out: Levels) -> tuple[str, ...]:
    """A name for each label. Raises DataError for a label beyond the names of classes.txt."""
    if not (folder / CLASSES_FILE).exists():
        if fashion_mnist.has_its_labels(training, held_out):
            return fashion_mnist.CLASSES
        return tuple(map(str, range(1 + max(int(training.max()), int(held_out.max())))))
    names = _read_class_names(folder / CLASSES_FILE)
    for file_name, labels in ((TRAINING_LABELS, training), (HELD_OUT_LABELS, held_out)):
        if labels.max() >= len(names):
            raise DataError(
                f"{folder / file_name}: expected labels in 0..{len(names) - 1}, for the names in "
                f"{CLASSES_FILE}, found {labels.max()}"
            )
    return names


def _read_class_names(path: Path) -> tuple[str, ...]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise DataError(f"{path}: expected UTF-8 text, one class per line, found: {exc}") from exc
    names = tuple(line.strip() for line in lines if line.strip())
    if not names or len(set(names)) != len(names) or len(names) > 256:
        raise DataError(f"{path}: expected 1 to 256 different class names, found {list(names)}")
    return names


def _read_pair(folder: Path, images_file: str, labels_file: str) -> LabelledImages:
    pixels = read_images(folder / images_file)
    labels = read_labels(folder / labels_file)
    if len(pixels) != len(labels):
        raise DataError(
            f"{folder / labels_file}: expected {len(pixels)} labels, one per image in "
            f"{images_file}, found {len(labels)}"
        )
    return LabelledImages(pixels, labels)
