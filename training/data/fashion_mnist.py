"""Fashion-MNIST: where its files come from, and how they are recognised."""

import hashlib
from pathlib import Path

import numpy as np
import pooch

from training.data.cache import cache_folder
from training.data.stored import Values
from training.errors import DataError

URL = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
TRAINING_IMAGES = "train-images-idx3-ubyte.gz"
TRAINING_LABELS = "train-labels-idx1-ubyte.gz"
HELD_OUT_IMAGES = "t10k-images-idx3-ubyte.gz"
HELD_OUT_LABELS = "t10k-labels-idx1-ubyte.gz"
MD5 = {  # from Zalando Research
    TRAINING_IMAGES: "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    TRAINING_LABELS: "25c81989df183df01b3e8a0aad5dffbe",
    HELD_OUT_IMAGES: "bef4ecab320f06d8554ea6380940ec79",
    HELD_OUT_LABELS: "bb300cfdad3c16e7a12a480ee83cd310",
}
# Of the training labels and then the held-out ones, so that a file compressed anew counts too.
LABELS_SHA256 = "8ab940a680640f36c0bf1d2549cb2f3b3d4068c12547116cc7b1161b1d26663d"
VALIDATION_SHARE = 1 / 12  # 5,000 of 60,000, as in the published figures
CLASSES = (
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


def download() -> Path:
    """Download what the cache folder lacks and return the folder. Raises DataError."""
    folder = cache_folder()
    registry = {name: f"md5:{md5}" for name, md5 in MD5.items()}
    source = pooch.create(folder, URL, registry=registry)
    try:
        for file_name in registry:
            source.fetch(file_name, progressbar=True)
    except (OSError, ValueError) as exc:  # no network or disk; a wrong checksum
        raise DataError(
            f"{URL}{file_name}: cannot be downloaded ({exc}). Without a network, "
            f"put {', '.join(registry)} into a folder and pass it as --data"
        ) from exc
    return folder


def has_its_labels(training: Values, held_out: Values) -> bool:
    """Whether labels [N] and [M] are Fashion-MNIST's, in its order."""
    content = training.astype(np.uint8).tobytes() + held_out.astype(np.uint8).tobytes()
    return hashlib.sha256(content).hexdigest() == LABELS_SHA256
