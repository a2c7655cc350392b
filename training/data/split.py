"""Splits pictures into training, validation and held-out, by shares and seeds."""

from collections.abc import Mapping

import numpy as np
import torch

from service.artifact.manifest import Dataset
from training.config import DataSection
from training.data import fashion_mnist
from training.data.images import Data, Indices, LabelledImages, Pictures, TrainingData, chunks
from training.data.prepare import Preparation
from training.data.source import PartName
from training.errors import ConfigError, DataError

# The same for every run, so that models of other seeds are compared on the same pictures.
HELD_OUT_SEED = 0
MIN_PICTURES = 4
MIN_HELD_OUT = 2
VALIDATION_SHARE = 0.05


def split(preparation: Preparation, section: DataSection, seed: int) -> Data:
    """The parts that the data come in, and seeded shares of the training pictures for the others.

    Raises DataError if there are too few pictures or all are alike, because their latent space is
    a single point, and ConfigError if the section leaves nothing to train on.
    """
    prepared, place = preparation.prepared, preparation.source.path
    rows = _split_rows(preparation, section, seed)
    labels = np.array([label for found in prepared.labels.values() for label in found], np.uint8)
    parts = {
        part: LabelledImages(preparation.pictures(chosen), labels[chosen])
        for part, chosen in rows.items()
    }
    for part in ("training", "held-out"):
        _check_different(f"{place}: {part}", parts[part].pixels)
    return Data(
        TrainingData(
            name=preparation.source.name,
            digest=prepared.digest,
            class_names=prepared.class_names,
            training=parts["training"],
            validation=parts["validation"],
            held_out_count=len(rows["held-out"]),
        ),
        parts["held-out"],
    )


def section_of(dataset: Dataset) -> DataSection:
    """The section that splits as many images as a published version was made of."""
    return DataSection(
        held_out_images=dataset.held_out_images, validation_images=dataset.validation_images
    )


def _split_rows(
    preparation: Preparation, section: DataSection, seed: int
) -> Mapping[PartName, Indices]:
    """The rows of each part in the file of levels."""
    rows: dict[PartName, Indices] = {}
    start = 0
    for part, labels in preparation.prepared.labels.items():
        rows[part] = np.arange(start, start := start + len(labels))
    if not len(rows.get("held-out", ())):
        count = len(rows["training"])
        if count < MIN_PICTURES:
            raise DataError(
                f"{preparation.source.path}: expected at least {MIN_PICTURES} pictures, to train "
                f"on some and hold out others, found {count}"
            )
        held_out = section.held_out_images
        if held_out is None:
            held_out = max(MIN_HELD_OUT, round(section.held_out_share * count))
        rows["training"], rows["held-out"] = _set_aside(
            rows["training"], held_out, HELD_OUT_SEED, "held_out_images"
        )
    if not len(rows.get("validation", ())):
        validated = section.validation_images
        if validated is None:
            share = _validation_share(section, preparation.prepared.class_names)
            validated = round(share * len(rows["training"]))
        rows["training"], rows["validation"] = _set_aside(
            rows["training"], validated, seed, "validation_images"
        )
    return rows


def _validation_share(section: DataSection, class_names: tuple[str, ...]) -> float:
    if section.validation_share is not None:
        return section.validation_share
    is_fashion_mnist = class_names == fashion_mnist.CLASSES
    return fashion_mnist.VALIDATION_SHARE if is_fashion_mnist else VALIDATION_SHARE


def _set_aside(rows: Indices, count: int, seed: int, setting: str) -> tuple[Indices, Indices]:
    """All but `count` of the rows, in order, and these, the same for the same seed."""
    if count >= len(rows):
        raise ConfigError(
            f"data.{setting}: expected fewer than the {len(rows)} training images, found {count}"
        )
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(seed)).numpy()
    return rows[np.sort(order[count:])], rows[order[:count]]


def _check_different(place: str, pictures: Pictures) -> None:
    first = pictures[:1]
    if all((part == first).all() for part in chunks(pictures)):
        raise DataError(
            f"{place}: expected different pictures, found only one, {len(pictures)} times"
        )
