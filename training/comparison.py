"""Compares artifacts by the measures in their manifests, as text or JSON."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from service.artifact.contract import Artifact
from service.artifact.load import load_artifact
from service.artifact.manifest import Measure
from training.errors import NotComparable
from training.network import PublishedNetwork

MIN_RELATIVE_DIFFERENCE = 0.02  # a smaller one says little
# Measures of older artifacts that were best for blurred pictures. They get no star.
RETIRED = frozenset({"smoothness", "abruptness", "midway_realism"})


@dataclass(frozen=True)
class Candidate:
    """An artifact, and a label that no other one has."""

    label: str
    folder: Path
    artifact: Artifact

    @property
    def network(self) -> PublishedNetwork:
        return PublishedNetwork(self.artifact)

    @property
    def measures(self) -> dict[str, Measure]:
        return {measure.name: measure for measure in self.artifact.manifest.measures}


@dataclass(frozen=True)
class Row:
    """One measure of all candidates, in their order; None where one lacks it."""

    name: str
    unit: str
    better: str
    measures: tuple[Measure | None, ...]

    @property
    def best(self) -> frozenset[int]:
        """The indices of the best values, as shown; empty if all are equal."""
        shown = {index: float(show(m)) for index, m in enumerate(self.measures) if m is not None}
        is_ranked = self.better != "neither" and self.name not in RETIRED
        if not is_ranked or len(set(shown.values())) < 2:
            return frozenset()
        best = min(shown.values()) if self.better == "lower" else max(shown.values())
        return frozenset(index for index, value in shown.items() if value == best)


@dataclass(frozen=True)
class Comparison:
    """Two or more artifacts for images of one size."""

    candidates: tuple[Candidate, ...]

    @property
    def rows(self) -> list[Row]:
        """Every measure of any candidate, in the order of the candidate with most."""
        by_candidate = [candidate.measures for candidate in self.candidates]
        known: dict[str, Measure] = {}
        for measures in sorted(by_candidate, key=len, reverse=True):
            known |= measures
        return [
            Row(name, m.unit, m.better, tuple(measures.get(name) for measures in by_candidate))
            for name, m in known.items()
        ]

    @property
    def opening(self) -> list[str]:
        """Up to three sentences on the difference, from measures that all candidates have."""
        rows = {row.name: row for row in self.rows}
        return [
            _sentence(rows[name], self.candidates, *phrases)
            for name, phrases in PHRASES.items()
            if name in rows and all(rows[name].measures)
        ]

    @property
    def notes(self) -> list[str]:
        """What limits the comparison."""
        notes = [
            f"{c.label} has no measures; to add them: python -m training measure {c.folder}"
            for c in self.candidates
            if not c.measures
        ]
        notes += [
            f"{c.label} has older measures, some of which are best for blurred pictures; to renew "
            f"them: python -m training measure {c.folder}"
            for c in self.candidates
            if RETIRED & c.measures.keys()
        ]
        if len({c.artifact.manifest.dataset.digest for c in self.candidates}) > 1:
            notes.append(
                "The models were trained on different images, so their figures say little."
            )
        return notes

    def as_table(self) -> str:
        """Opening and notes, then one row per measure, one column per model, * at the best."""
        rows = [["", *(candidate.label for candidate in self.candidates)]]
        for row in self.rows:
            cells = [
                "-" if m is None else show(m) + ("*" if index in row.best else " ")
                for index, m in enumerate(row.measures)
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
        fields = {"name", "version", "kind", "measures"}
        models = [
            {"label": c.label, "digest": c.artifact.digest}
            | c.artifact.manifest.model_dump(include=fields)
            for c in self.candidates
        ]
        content = {"opening": self.opening, "notes": self.notes, "models": models}
        return json.dumps(content, indent=2)


def compare_artifacts(folders: Sequence[Path]) -> Comparison:
    """Load and compare two or more artifacts. Raises ArtifactError and NotComparable."""
    if len(folders) < 2:
        raise NotComparable(f"expected two or more artifacts, found {len(folders)}")
    for folder, count in Counter(folder.absolute() for folder in folders).items():
        if count > 1:
            raise NotComparable(f"expected different artifacts, found {folder} {count} times")
    artifacts = [load_artifact(folder) for folder in folders]
    sizes = {(a.manifest.image.height, a.manifest.image.width) for a in artifacts}
    if len(sizes) > 1:
        raise NotComparable(f"expected models for pictures of one size, found {sorted(sizes)}")
    rows = zip(_labels(artifacts, folders), folders, artifacts, strict=True)
    return Comparison(tuple(Candidate(*row) for row in rows))


def show(measure: Measure) -> str:
    """The value for a table: one decimal, or three below 1."""
    return f"{measure.value:.1f}" if abs(measure.value) >= 1 else f"{measure.value:.3f}"


# For each measure: a phrase for values that hardly differ, one for values that do, and whether
# the latter names the lowest value first.
PHRASES = {
    "reconstruction": (
        "Reconstructions are about equally close to the originals with each model",
        "Reconstructions are closest to the originals with",
        True,
    ),
    "spread": (
        "Half of the pictures take about the same share of the square from -4 to 4 with each model",
        "Half of the pictures crowd onto the smallest part of the square from -4 to 4 with",
        True,
    ),
    "realism_midway": (
        "Pictures midway between two classes are about equally realistic with each model",
        "Pictures midway between two classes are most realistic with",
        False,
    ),
}


def _sentence(
    row: Row, candidates: Sequence[Candidate], alike: str, one_leads: str, is_lowest_first: bool
) -> str:
    measures = [m for m in row.measures if m is not None]
    by_label = dict(zip((c.label for c in candidates), measures, strict=True))
    ranked = sorted(by_label, key=lambda label: by_label[label].value, reverse=not is_lowest_first)
    first, last = by_label[ranked[0]].value, by_label[ranked[-1]].value
    if abs(first - last) < MIN_RELATIVE_DIFFERENCE * max(abs(first), abs(last)):
        listed = ", ".join(f"{label} {show(m)}" for label, m in by_label.items())
        return f"{alike}: {listed} {row.unit}."
    leader, *others = (f"{label}: {show(by_label[label])}" for label in ranked)
    return f"{one_leads} {leader} {row.unit} ({', '.join(others)})."


def _labels(artifacts: Sequence[Artifact], folders: Sequence[Path]) -> list[str]:
    """Names, with the version where two names are equal, or the folder where versions are too."""
    manifests = [artifact.manifest for artifact in artifacts]
    names = Counter(manifest.name for manifest in manifests)
    labels = [m.name if names[m.name] == 1 else f"{m.name}/{m.version}" for m in manifests]
    counts = Counter(labels)
    return [
        label if counts[label] == 1 else str(folder)
        for label, folder in zip(labels, folders, strict=True)
    ]
