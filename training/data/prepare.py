"""Fits every picture of a source to one form, once, with the function that the service uses."""

import hashlib
import math
from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from typing import BinaryIO, NamedTuple

import numpy as np

from service.artifact.manifest import ImageSpec
from service.errors import RequestError
from service.pictures.fitting import fit_picture
from training.data.cache import Cache, Kept
from training.data.idx import header_of
from training.data.images import CHUNK_BYTES, Indices, StoredPictures
from training.data.source import Contents, Item, PartName, Skipped, Source
from training.data.survey import Channels, Survey, choose_form, survey
from training.data.threads import mapped
from training.files import check_room
from training.progress import watched


class Prepared(Kept):
    """Pictures of one form: what is known of them beside their levels.

    `labels` are those of each part's pictures, in the order of the file of levels. `applied`
    counts the steps of fit_picture by their names. `digest` is that of `digest_of`.
    """

    image: ImageSpec
    class_names: tuple[str, ...]
    labels: dict[PartName, tuple[int, ...]]
    skipped: tuple[Skipped, ...]
    applied: dict[str, int]
    notes: tuple[str, ...]
    digest: str

    @property
    def count(self) -> int:
        return sum(map(len, self.labels.values()))


class Fitted(NamedTuple):
    """`levels` are [H, W] or [3, H, W], row by row."""

    levels: bytes
    applied: list[str]


class Preparation:
    """The pictures of a source in a form that is asked for, made once and kept in a file."""

    def __init__(
        self,
        source: Source,
        size: int | None = None,
        channels: Channels | None = None,
        image: ImageSpec | None = None,
    ) -> None:
        """`image` wins over size and channels. Raises DataError and NotWritable."""
        self.source = source
        self._cache = Cache(source)
        self.survey = self._cache.read(Survey, "survey") or self._look()
        self.image = image or choose_form(self.survey, size, channels)
        self._name = f"{self.image.height}x{self.image.width}x{self.image.channels}"
        self.prepared = self._kept() or self._make()

    def pictures(self, rows: Indices) -> StoredPictures:
        """The pictures in these rows of the file of levels."""
        path = self._cache.path(f"{self._name}.levels")
        return StoredPictures(path, (self.prepared.count, *self.image.shape), rows)

    @cached_property
    def _contents(self) -> Contents:
        return self.source.read()

    def _look(self) -> Survey:
        found = survey(self._contents, self.source.name, self._cache.made_of)
        self._cache.write(found, "survey")
        return found

    def _kept(self) -> Prepared | None:
        prepared = self._cache.read(Prepared, self._name)
        levels = self._cache.path(f"{self._name}.levels")
        if prepared is None or not levels.exists():
            return None
        is_whole = levels.stat().st_size == prepared.count * math.prod(self.image.shape)
        return prepared if is_whole else None

    def _make(self) -> Prepared:
        contents, cache = self._contents, self._cache
        cache.path(f"{self._name}.json").unlink(missing_ok=True)  # of what is replaced now
        total = sum(len(part.labels) for part in contents.parts.values())
        check_room(cache.folder, total * math.prod(self.image.shape))
        with cache.writing(f"{self._name}.levels") as file:
            labels, skipped, applied = self._write(contents, file)
            digest = digest_of(file, labels, self.image)
        names, labels = _used_names(contents, labels)
        prepared = Prepared(
            made_of=cache.made_of,
            image=self.image,
            class_names=names,
            labels={part: tuple(found) for part, found in labels.items()},
            skipped=tuple(skipped),
            applied=dict(applied),
            notes=contents.notes,
            digest=digest,
        )
        cache.write(prepared, self._name)
        return prepared

    def _write(
        self, contents: Contents, file: BinaryIO
    ) -> tuple[dict[PartName, list[int]], list[Skipped], Counter[str]]:
        labels: dict[PartName, list[int]] = {}
        skipped, applied = list[Skipped](), Counter[str]()
        for part, pictures in contents.parts.items():
            kept = labels.setdefault(part, [])
            fitted = mapped(self._fit, pictures.items())
            total, doing = len(pictures.labels), f"fitting {self.source.name}, {part}"
            for label, made in zip(pictures.labels, watched(fitted, total, doing), strict=True):
                if isinstance(made, Skipped):
                    skipped.append(made)
                else:
                    kept.append(label)
                    file.write(made.levels)
                    applied.update(step.partition(":")[0] for step in made.applied)
        return labels, skipped, applied

    def _fit(self, item: Item) -> Fitted | Skipped:
        try:
            picture = fit_picture(item.open(), self.image, "auto", "")
        except RequestError as exc:
            return Skipped(item.place, str(exc))
        except OSError as exc:
            return Skipped(item.place, exc.strerror or str(exc))
        levels = np.rint(picture.pixels * np.float32(255)).astype(np.uint8)
        return Fitted(levels.tobytes(), picture.applied)


def digest_of(file: BinaryIO, labels: Mapping[PartName, list[int]], image: ImageSpec) -> str:
    """SHA-256 of the pictures of each part that the data come in, as IDX files.

    For grey IDX files of the same size, of their training and then their held-out images.
    """
    digest = hashlib.sha256()
    shape = image.shape if image.channels > 1 else image.shape[1:]
    file.seek(0)
    for found in labels.values():
        digest.update(header_of((len(found), *shape)))
        left = len(found) * math.prod(shape)
        while left > 0 and (content := file.read(min(left, CHUNK_BYTES))):
            digest.update(content)
            left -= len(content)
    return digest.hexdigest()


def _used_names(
    contents: Contents, labels: dict[PartName, list[int]]
) -> tuple[tuple[str, ...], dict[PartName, list[int]]]:
    """Class names, without those of no picture, unless they were given; and the labels anew."""
    if contents.names_are_given:
        return contents.class_names, labels
    used = sorted({label for found in labels.values() for label in found})
    anew = {label: index for index, label in enumerate(used)}
    names = tuple(contents.class_names[label] for label in used)
    return names, {part: [anew[label] for label in found] for part, found in labels.items()}
