"""Artifacts beside one another, by the measures in their manifests. It draws nothing."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from service.artifact.contract import Artifact
from service.artifact.load import load_artifact
from service.artifact.manifest import Measure
from training.errors import NotComparable

# Below a fiftieth of the figure itself, a difference is there but says little.
SLIGHT = 0.02


@dataclass(frozen=True)
class Candidate:
    """An artifact, and the name that tells it from the others."""

    label: str
    folder: Path
    artifact: Artifact

    def find(self, name: str) -> Measure | None:
        """The measure of that name, if the artifact has it."""
        return next((m for m in self.artifact.manifest.measures if m.name == name), None)


@dataclass(frozen=True)
class Row:
    """One measure of all candidates, in their order; None where one lacks it."""

    name: str
    unit: str
    better: str
    measures: tuple[Measure | None, ...]

    @property
    def best(self) -> frozenset[int]:
        """The places of the best values as they are shown; empty where all are equal."""
        shown = [float(show(m)) for m in self.measures if m is not None]
        if self.better == "neither" or len(set(shown)) < 2:
            return frozenset()
        best = min(shown) if self.better == "lower" else max(shown)
        places = enumerate(self.measures)
        return frozenset(place for place, m in places if m is not None and float(show(m)) == best)


@dataclass(frozen=True)
class Comparison:
    """Two or more artifacts of pictures of one size."""

    candidates: tuple[Candidate, ...]

    @property
    def rows(self) -> list[Row]:
        """All measures that any candidate has, in the order of the one with most."""
        lists = [candidate.artifact.manifest.measures for candidate in self.candidates]
        known = {m.name: m for measures in sorted(lists, key=len, reverse=True) for m in measures}
        return [
            Row(name, m.unit, m.better, tuple(c.find(name) for c in self.candidates))
            for name, m in known.items()
        ]

    @property
    def opening(self) -> list[str]:
        """The difference in up to three sentences, made of the figures that all have."""
        rows = {row.name: row for row in self.rows}
        return [
            _sentence(rows[name], self.candidates, *phrases)
            for name, phrases in PHRASES.items()
            if name in rows and all(rows[name].measures)
        ]

    @property
    def notes(self) -> list[str]:
        """What a reader must know to trust the figures."""
        notes = [
            f"{c.label} has no measures; they come with: python -m training measure {c.folder}"
            for c in self.candidates
            if not c.artifact.manifest.measures
        ]
        if len({c.artifact.manifest.dataset.digest for c in self.candidates}) > 1:
            notes.append("The models were trained on different images: their figures say little.")
        return notes

    def as_table(self) -> str:
        """What opens the report, then a row a measure, a column a model, * at the better one."""
        rows = [["", *(candidate.label for candidate in self.candidates)]]
        for row in self.rows:
            cells = [
                "-" if m is None else show(m) + ("*" if place in row.best else " ")
                for place, m in enumerate(row.measures)
            ]
            rows.append([f"{row.name.replace('_', ' ')} ({row.unit})", *cells])
        label_width = max(len(row[0]) for row in rows)
        width = max(12, *(len(cell) + 2 for row in rows for cell in row[1:]))
        lines = [
            f"{name:<{label_width}}" + "".join(f"{cell:>{width}}" for cell in cells)
            for name, *cells in rows
        ]
        return "\n".join([*self.opening, *self.notes, "", *(line.rstrip() for line in lines)])

    def as_json(self) -> str:
        """One JSON object."""
        models = [
            {
                "label": candidate.label,
                "name": candidate.artifact.manifest.name,
                "version": candidate.artifact.manifest.version,
                "kind": candidate.artifact.manifest.kind,
                "digest": candidate.artifact.digest,
                "measures": [m.model_dump() for m in candidate.artifact.manifest.measures],
            }
            for candidate in self.candidates
        ]
        content = {"opening": self.opening, "notes": self.notes, "models": models}
        return json.dumps(content, indent=2)


def compare_artifacts(folders: Sequence[Path]) -> Comparison:
    """Load and compare two or more artifacts. Raises ArtifactError and NotComparable."""
    if len(folders) < 2:
        raise NotComparable(f"expected two or more artifacts, found {len(folders)}")
    artifacts = [load_artifact(folder) for folder in folders]
    sizes = {(a.manifest.image.height, a.manifest.image.width) for a in artifacts}
    if len(sizes) > 1:
        raise NotComparable(f"expected models of pictures of one size, found {sorted(sizes)}")
    rows = zip(_labels(artifacts), folders, artifacts, strict=True)
    return Comparison(tuple(Candidate(*row) for row in rows))


def show(measure: Measure) -> str:
    """The value as it stands in tables: a tenth, or a thousandth of what is less than 1."""
    return f"{measure.value:.1f}" if abs(measure.value) >= 1 else f"{measure.value:.3f}"


# What the opening says of a measure: where values hardly differ, where they do, and whether the
# least value is then named first.
PHRASES = {
    "reconstruction": (
        "Redrawn pictures are about as close to the originals with each",
        "Redrawn pictures are closest to the originals with",
        True,
    ),
    "spread": (
        "Half of the pictures take about as much of the square from -4 to 4 with each",
        "Half of the pictures crowd on the smallest part of the square from -4 to 4 with",
        True,
    ),
    "midway_realism": (
        "Pictures midway between two classes are about as often as real as redrawings with each",
        "Pictures midway between two classes are most often as real as redrawings with",
        False,
    ),
}


def _sentence(
    row: Row, candidates: Sequence[Candidate], alike: str, one_leads: str, is_least: bool
) -> str:
    measures = [m for m in row.measures if m is not None]
    by_label = dict(zip((c.label for c in candidates), measures, strict=True))
    ranked = sorted(by_label, key=lambda label: by_label[label].value, reverse=not is_least)
    first, last = by_label[ranked[0]].value, by_label[ranked[-1]].value
    if abs(first - last) < SLIGHT * max(abs(first), abs(last)):
        listed = ", ".join(f"{label} {show(m)}" for label, m in by_label.items())
        return f"{alike}: {listed} {row.unit}."
    leader, *others = (f"{label}: {show(by_label[label])}" for label in ranked)
    return f"{one_leads} {leader} {row.unit} ({', '.join(others)})."


def _labels(artifacts: Sequence[Artifact]) -> list[str]:
    """Names; where two are the same, with their versions; where these are too, with numbers."""
    manifests = [artifact.manifest for artifact in artifacts]
    names = Counter(manifest.name for manifest in manifests)
    labels = [m.name if names[m.name] == 1 else f"{m.name}/{m.version}" for m in manifests]
    counts = Counter(labels)
    return [
        label if counts[label] == 1 else f"{label} ({place})"
        for place, label in enumerate(labels, start=1)
    ]
