"""Images and labels from IDX files: found or downloaded, checked, split. No tensors, no training.

IDX is the format of MNIST and Fashion-MNIST (http://yann.lecun.com/exdb/mnist): a big-endian
header of magic number and sizes, then bytes. Any pictures in it under the four official names
will do; an optional classes.txt beside them names the classes, one a line.
"""

import gzip
import hashlib
import math
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pooch
import torch

from training.errors import ConfigError, DataError

FASHION_MNIST_URL = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
TRAINING_IMAGES = "train-images-idx3-ubyte.gz"
TRAINING_LABELS = "train-labels-idx1-ubyte.gz"
HELD_OUT_IMAGES = "t10k-images-idx3-ubyte.gz"
HELD_OUT_LABELS = "t10k-labels-idx1-ubyte.gz"
CLASSES_FILE = "classes.txt"

# The checksums that Zalando Research publishes beside the files.
FASHION_MNIST_MD5 = {
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
IMAGES_MAGIC = 0x803  # unsigned bytes, three dimensions
LABELS_MAGIC = 0x801  # unsigned bytes, one dimension
LARGEST_SIDE = 1024  # pixels, the most that an artifact can describe


@dataclass(frozen=True)
class LabelledImages:
    """Pictures white on black and their classes, in one order."""

    pixels: npt.NDArray[np.uint8]  # [N, H, W] grey levels
    labels: npt.NDArray[np.uint8]  # [N], index into the class names


@dataclass(frozen=True)
class TrainingData:
    """What a fit may see. Of the held-out images it knows only their number.

    `digest` is the SHA-256 over the uncompressed bytes of the training image file followed by
    those of the held-out image file, headers included.
    """

    name: str
    digest: str
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
    """The folder that holds the four files; without one, Fashion-MNIST, downloaded and cached.

    Raises DataError when a file is missing or cannot be downloaded.
    """
    if data_dir is None:
        return _download_fashion_mnist()
    for file_name in FASHION_MNIST_MD5:
        if not (data_dir / file_name).is_file():
            raise DataError(f"{data_dir / file_name}: expected a file, found none")
    return data_dir


def load_training_data(folder: Path, validation_images: int, seed: int) -> TrainingData:
    """Read and check all four files, then split the training images by a generator of its own.

    The held-out images are only checked and counted. Raises DataError naming the file at fault,
    ConfigError when the split leaves nothing to train on.
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
    """Read and check the held-out pair; for evaluation only. Raises DataError."""
    class_count = len(_read_class_names(folder))
    return _read_pair(folder, HELD_OUT_IMAGES, HELD_OUT_LABELS, class_count)


def images_digest(folder: Path) -> str:
    """The SHA-256 that `TrainingData.digest` describes. Raises DataError."""
    digest = hashlib.sha256()
    for file_name in (TRAINING_IMAGES, HELD_OUT_IMAGES):
        digest.update(_decompress(folder / file_name))
    return digest.hexdigest()


def split_images(
    images: LabelledImages, validation_images: int, seed: int
) -> tuple[LabelledImages, LabelledImages]:
    """Training and validation part, disjoint; the same for the same seed. Raises ConfigError."""
    count = len(images.labels)
    if validation_images >= count:
        raise ConfigError(
            f"data.validation_images: expected fewer than the {count} training images, "
            f"found {validation_images}"
        )
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(count, generator=generator).numpy()
    validation, training = order[:validation_images], np.sort(order[validation_images:])
    return _take(images, training), _take(images, validation)


def _take(images: LabelledImages, indices: npt.NDArray[np.int64]) -> LabelledImages:
    return LabelledImages(images.pixels[indices], images.labels[indices])


def _cache_folder() -> Path:
    return Path(pooch.os_cache("latent-atlas"))


def _download_fashion_mnist() -> Path:
    folder = _cache_folder()
    for file_name, md5 in FASHION_MNIST_MD5.items():
        try:
            pooch.retrieve(
                FASHION_MNIST_URL + file_name,
                known_hash=f"md5:{md5}",
                fname=file_name,
                path=folder,
                progressbar=True,
            )
        except (OSError, ValueError) as exc:  # no network or disk; a wrong checksum
            raise DataError(
                f"{FASHION_MNIST_URL}{file_name}: cannot be downloaded ({exc}). Without a network, "
                f"put {', '.join(FASHION_MNIST_MD5)} into a folder and name it with --data-dir"
            ) from exc
    return folder


def _read_class_names(folder: Path) -> tuple[str, ...]:
    path = folder / CLASSES_FILE
    if not path.exists():
        return FASHION_MNIST_CLASSES
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise DataError(f"{path}: expected UTF-8 text, one class a line, found: {exc}") from exc
    names = tuple(line.strip() for line in lines if line.strip())
    if not names or len(set(names)) != len(names) or len(names) > 256:
        raise DataError(f"{path}: expected 1 to 256 different class names, found {list(names)}")
    return names


def _read_pair(
    folder: Path, images_file: str, labels_file: str, class_count: int
) -> LabelledImages:
    pixels = _read_idx(folder / images_file, IMAGES_MAGIC, dimensions=3)
    labels = _read_idx(folder / labels_file, LABELS_MAGIC, dimensions=1)
    if len(pixels) != len(labels):
        raise DataError(
            f"{folder / labels_file}: expected {len(pixels)} labels, one an image of "
            f"{images_file}, found {len(labels)}"
        )
    if labels.max() >= class_count:
        raise DataError(
            f"{folder / labels_file}: expected labels in 0..{class_count - 1}, found {labels.max()}"
        )
    return LabelledImages(pixels, labels)


def _read_idx(path: Path, magic: int, dimensions: int) -> npt.NDArray[np.uint8]:
    content = _decompress(path)
    header_size = 4 * (1 + dimensions)
    header = [
        int.from_bytes(content[place : place + 4], "big") for place in range(0, header_size, 4)
    ]
    if header[0] != magic:
        raise DataError(f"{path}: expected magic number {magic:#x}, found {header[0]:#x}")
    shape = header[1:]
    if min(shape) < 1 or max(shape[1:], default=1) > LARGEST_SIDE:
        raise DataError(
            f"{path}: expected at least one entry, sides of 1..{LARGEST_SIDE}, found {shape}"
        )
    expected = header_size + math.prod(shape)
    if len(content) != expected:
        raise DataError(f"{path}: expected {expected} bytes for {shape}, found {len(content)}")
    return np.frombuffer(content, np.uint8, offset=header_size).reshape(shape)


def _decompress(path: Path) -> bytes:
    try:
        return gzip.decompress(path.read_bytes())
    except FileNotFoundError as exc:
        raise DataError(f"{path}: expected a file, found none") from exc
    except (OSError, EOFError, zlib.error) as exc:  # BadGzipFile is an OSError
        raise DataError(f"{path}: expected an intact gzip file, found: {exc}") from exc
