"""Finds or downloads images and labels in IDX files, checks and splits them.

A folder holds four files with Fashion-MNIST's names and optionally classes.txt, one class name per
line.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pooch
import torch

from service.artifact.arrays import Levels
from training.errors import ConfigError, DataError
from training.idx import header_of, read_images, read_labels

FASHION_MNIST_URL = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
TRAINING_IMAGES = "train-images-idx3-ubyte.gz"
TRAINING_LABELS = "train-labels-idx1-ubyte.gz"
HELD_OUT_IMAGES = "t10k-images-idx3-ubyte.gz"
HELD_OUT_LABELS = "t10k-labels-idx1-ubyte.gz"
CLASSES_FILE = "classes.txt"

FASHION_MNIST_MD5 = {  # from Zalando Research
    TRAINING_IMAGES: "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    TRAINING_LABELS: "25c81989df183df01b3e8a0aad5dffbe",
    HELD_OUT_IMAGES: "bef4ecab320f06d8554ea6380940ec79",
    HELD_OUT_LABELS: "bb300cfdad3c16e7a12a480ee83cd310",
}
FASHION_MNIST_CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


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
        return _download_fashion_mnist()
    for file_name in FASHION_MNIST_MD5:
        if not (data_dir / file_name).is_file():
            raise DataError(f"{data_dir / file_name}: expected a file, found none")
    return data_dir


def load_training_data(folder: Path, validation_images: int, seed: int) -> TrainingData:
    """Read and check all four files, and split the training images by `seed`.

    Raises DataError, which names the file at fault, and ConfigError if the split leaves nothing
    to train on.
    """
    class_names = _read_class_names(folder)
    images = _read_pair(folder, TRAINING_IMAGES, TRAINING_LABELS, len(class_names))
    held_out = load_held_out(folder)
    if held_out.pixels.shape[1:] != images.pixels.shape[1:]:
        raise DataError(
            f"{folder / HELD_OUT_IMAGES}: expected pictures of {images.pixels.shape[1:]}, "
            f"as in {TRAINING_IMAGES}, found {held_out.pixels.shape[1:]}"
        )
    training, validation = split_images(images, validation_images, seed)
    return TrainingData(
        name="fashion-mnist" if folder == _cache_folder() else folder.resolve().name,
        digest=images_digest(folder),
        class_names=class_names,
        training=training,
        validation=validation,
        held_out_count=len(held_out.labels),
    )


def load_held_out(folder: Path) -> LabelledImages:
    """Read and check the held-out images, which only evaluation may see. Raises DataError."""
    class_count = len(_read_class_names(folder))
    return _read_pair(folder, HELD_OUT_IMAGES, HELD_OUT_LABELS, class_count)


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
    images: LabelledImages, validation_images: int, seed: int
) -> tuple[LabelledImages, LabelledImages]:
    """Training and validation part, the same for the same seed. Raises ConfigError."""
    count = len(images.labels)
    if validation_images >= count:
        raise ConfigError(
            f"data.validation_images: expected fewer than the {count} training images, "
            f"found {validation_images}"
        )
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(count, generator=generator).numpy()
    training, validation = np.sort(order[validation_images:]), order[:validation_images]
    return (
        LabelledImages(images.pixels[training], images.labels[training]),
        LabelledImages(images.pixels[validation], images.labels[validation]),
    )


def _cache_folder() -> Path:
    return Path(pooch.os_cache("latent-atlas"))


def _download_fashion_mnist() -> Path:
    folder = _cache_folder()
    registry = {name: f"md5:{md5}" for name, md5 in FASHION_MNIST_MD5.items()}
    source = pooch.create(folder, FASHION_MNIST_URL, registry=registry)
    try:
        for file_name in registry:
            source.fetch(file_name, progressbar=True)
    except (OSError, ValueError) as exc:  # no network or disk; a wrong checksum
        raise DataError(
            f"{FASHION_MNIST_URL}{file_name}: cannot be downloaded ({exc}). Without a network, "
            f"put {', '.join(registry)} into a folder and pass it as --data-dir"
        ) from exc
    return folder


def _read_class_names(folder: Path) -> tuple[str, ...]:
    path = folder / CLASSES_FILE
    if not path.exists():
        return FASHION_MNIST_CLASSES
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise DataError(f"{path}: expected UTF-8 text, one class per line, found: {exc}") from exc
    names = tuple(line.strip() for line in lines if line.strip())
    if not names or len(set(names)) != len(names) or len(names) > 256:
        raise DataError(f"{path}: expected 1 to 256 different class names, found {list(names)}")
    return names


def _read_pair(
    folder: Path, images_file: str, labels_file: str, class_count: int
) -> LabelledImages:
    pixels = read_images(folder / images_file)
    labels = read_labels(folder / labels_file)
    if len(pixels) != len(labels):
        raise DataError(
            f"{folder / labels_file}: expected {len(pixels)} labels, one per image in "
            f"{images_file}, found {len(labels)}"
        )
    if labels.max() >= class_count:
        raise DataError(
            f"{folder / labels_file}: expected labels in 0..{class_count - 1}, found {labels.max()}"
        )
    return LabelledImages(pixels, labels)
