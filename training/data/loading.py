"""Loads data for a run or an evaluation: recognised, prepared and split."""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

from service.artifact.manifest import ImageSpec
from training.config import DataSection
from training.data import fashion_mnist
from training.data.images import Data
from training.data.prepare import Preparation
from training.data.recognise import recognise
from training.data.source import Skipped, Source
from training.data.split import split
from training.errors import ConfigError, DataError

logger = logging.getLogger(__name__)

SHOWN_SKIPPED = 3  # in an error


def find_source(path: Path | None) -> Source:
    """The data at `path`, or Fashion-MNIST, which is downloaded on first use. Raises DataError."""
    if path is not None:
        return recognise(path)
    source = recognise(fashion_mnist.download())
    return Source("fashion-mnist", source.kind, source.path, source.files, source.read)


def prepare(
    source: Source, section: DataSection, image: ImageSpec | None = None, strict: bool = False
) -> Preparation:
    """The pictures in the form of `image`, or in the one that the section asks for.

    Raises DataError if there are none to train on, or with `strict` if any has to be skipped.
    """
    preparation = Preparation(source, section.size, section.channels, image)
    skipped = preparation.prepared.skipped
    if not preparation.prepared.labels["training"]:
        raise DataError(f"{source.path}: expected pictures, found none{_listed(skipped)}")
    if strict and skipped:
        raise DataError(f"{source.path}: expected every file to be a picture{_listed(skipped)}")
    return preparation


def load_data(source: Source, section: DataSection, seed: int, strict: bool = False) -> Data:
    """What a run trains on, in grey, and what is held out. Logs what is worth knowing about it.

    Raises DataError, ConfigError and NotWritable.
    """
    if section.channels == "colour":
        raise ConfigError("data.channels: the networks draw grey alone for now; leave it out")
    grey = section.model_copy(update={"channels": "grey"})
    preparation = prepare(source, grey, strict=strict)
    for note in _notes(preparation, section):
        logger.info("%s: %s", source.name, note)
    return split(preparation, section, seed)


def _notes(preparation: Preparation, section: DataSection) -> Iterator[str]:
    prepared = preparation.prepared
    yield from prepared.notes
    if preparation.survey.is_colour and section.channels is None:
        yield "in colour, but the networks draw grey alone for now, so they are trained on luma"
    if len(prepared.class_names) == 1:
        yield "one class: k-NN accuracy and realism, which compare classes, are not measured"
    if prepared.skipped:
        yield (
            f"{len(prepared.skipped):,} files are skipped; python -m training describe "
            f"--data {preparation.source.path} lists them"
        )


def _listed(skipped: Sequence[Skipped]) -> str:
    if not skipped:
        return ""
    shown = "; ".join(f"{place}: {reason}" for place, reason in skipped[:SHOWN_SKIPPED])
    more = len(skipped) - SHOWN_SKIPPED
    return f"; skipped {shown}{f'; and {more:,} more' if more > 0 else ''}"
