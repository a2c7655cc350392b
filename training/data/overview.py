"""Tells what data hold: how many pictures, their sizes and classes, what is skipped and why."""

import json
from collections import Counter
from dataclasses import asdict, dataclass

from training.config import DataSection
from training.data.prepare import Preparation
from training.data.split import split

SHOWN_SIZES = 5
SHOWN_CLASSES = 20
SHOWN_SKIPPED = 20
# What the steps of fit_picture are called in a sentence, and in which order.
STEPS = {
    "orientation": "turned upright",
    "frame": "first frames of animations",
    "alpha": "with transparency, composited on the background",
    "depth": "of 16 bits",
    "grey": "of colours, as luma",
    "colour": "of grey, in three channels",
    "polarity": "dark on light, inverted",
    "resize": "resized",
    "padding": "with sides filled up",
}


@dataclass(frozen=True)
class Overview:
    """What `python -m training describe` tells. Sizes and `form` are (height, width) first."""

    name: str
    kind: str
    training: int
    validation: int
    held_out: int
    sizes: list[tuple[int, int, int]]  # and the number of pictures
    is_colour: bool
    form: tuple[int, int, int]  # that pictures are fitted to: and channels
    steps: dict[str, int]
    classes: dict[str, int]
    notes: list[str]
    skipped: list[tuple[str, str]]

    def as_json(self) -> str:
        return json.dumps(asdict(self), indent=2)

    def as_text(self) -> str:
        height, width, channels = self.form
        total = self.training + self.validation + self.held_out
        lines = [
            f"{self.name}: {self.kind}",
            f"pictures: {total:,}, of which {self.training:,} for training, {self.validation:,} "
            f"for validation and {self.held_out:,} held out",
            f"sizes: {_sizes(self.sizes)}",
            f"channels: {'colour' if self.is_colour else 'grey'}",
            f"classes: {_classes(self.classes)}",
            f"fitted to: {width} x {height}, {'colour' if channels == 3 else 'grey'}",
            *(f"  {self.steps[step]:,} {STEPS[step]}" for step in STEPS if step in self.steps),
            *(f"note: {note}" for note in self.notes),
            f"skipped: {len(self.skipped):,}",
            *(f"  {place}: {reason}" for place, reason in self.skipped[:SHOWN_SKIPPED]),
        ]
        if (more := len(self.skipped) - SHOWN_SKIPPED) > 0:
            lines.append(f"  and {more:,} more; --json lists all")
        return "\n".join(lines)


def overview_of(preparation: Preparation, section: DataSection, seed: int) -> Overview:
    """The overview, with the parts that a run of this seed would have. Raises DataError."""
    prepared, image = preparation.prepared, preparation.image
    data, held_out = split(preparation, section, seed)
    counts = Counter(label for labels in prepared.labels.values() for label in labels)
    return Overview(
        name=preparation.source.name,
        kind=preparation.source.kind,
        training=len(data.training.labels),
        validation=len(data.validation.labels),
        held_out=len(held_out.labels),
        sizes=[(size.height, size.width, size.pictures) for size in preparation.survey.sizes],
        is_colour=preparation.survey.is_colour,
        form=(image.height, image.width, image.channels),
        steps=prepared.applied,
        classes={name: counts[label] for label, name in enumerate(prepared.class_names)},
        notes=list(prepared.notes),
        skipped=[(skipped.place, skipped.reason) for skipped in prepared.skipped],
    )


def _sizes(sizes: list[tuple[int, int, int]]) -> str:
    shown = [f"{count:,} of {width} x {height}" for height, width, count in sizes[:SHOWN_SIZES]]
    more = len(sizes) - SHOWN_SIZES
    return ", ".join(shown) + (f", and {more:,} other sizes" if more > 0 else "")


def _classes(classes: dict[str, int]) -> str:
    shown = [f"{name} ({count:,})" for name, count in list(classes.items())[:SHOWN_CLASSES]]
    more = len(classes) - SHOWN_CLASSES
    listed = ", ".join(shown) + (f", and {more:,} more" if more > 0 else "")
    return f"{len(classes)}: {listed}"
