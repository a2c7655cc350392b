"""Writes pictures and arrays as people have them, and loads them again."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from service.artifact.arrays import Levels
from tests import tiny
from training.config import DataSection
from training.data.images import Data
from training.data.loading import find_source, load_data, prepare
from training.data.prepare import Preparation


def grey(count: int, height: int = 6, width: int = 5, seed: int = 0) -> Levels:
    """[count, height, width] levels, dark enough that no picture is inverted."""
    levels = np.random.default_rng(seed).integers(0, 120, (count, height, width))
    levels[:, 0, 0] = 255
    return levels.astype(np.uint8)


def colour(count: int, height: int = 6, width: int = 5, seed: int = 0) -> Levels:
    """[count, height, width, 3] levels."""
    levels = np.random.default_rng(seed).integers(0, 256, (count, height, width, 3))
    return levels.astype(np.uint8)


def write_pictures(folder: Path, pictures: Levels, format_name: str = "PNG") -> Path:
    """Write pictures [N, H, W] or [N, H, W, 3] as files 000.png, 001.png, ..."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, levels in enumerate(pictures):
        path = folder / f"{number:03}.{format_name.lower()}"
        path.write_bytes(tiny.picture_bytes(levels, format_name))
    return folder


def write_npz(path: Path, **arrays: npt.NDArray[Any]) -> Path:
    np.savez(path, **arrays)  # type: ignore[arg-type]
    return path


def load(path: Path, **section: Any) -> Data:
    """The data as a run gets them."""
    return load_data(find_source(path), DataSection(**section), seed=0)


def prepared(path: Path, strict: bool = False, **section: Any) -> Preparation:
    """All pictures of the data, in colour if they are."""
    return prepare(find_source(path), DataSection(**section), strict=strict)


def levels_of(preparation: Preparation) -> Levels:
    """All pictures, [N, C, H, W]."""
    return preparation.pictures(np.arange(preparation.prepared.count))[:]


def labels_of(preparation: Preparation) -> list[str]:
    """The class of each picture, by its name."""
    names = preparation.prepared.class_names
    return [names[label] for found in preparation.prepared.labels.values() for label in found]
