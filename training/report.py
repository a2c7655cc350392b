"""Renders a comparison as one HTML page that needs no script, no link and no network."""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources

import numpy as np
import torch
from jinja2 import Environment, StrictUndefined

from service.artifact.contract import Reference
from training.arrays import Levels
from training.comparison import Candidate, Comparison, show
from training.figures import (
    COLOURS,
    GRID_SIDE,
    draw_mosaic,
    draw_plane_svg,
    grid_points,
    plane_extent,
)
from training.network import decode_levels, encode_means

PATH_STEPS = 9  # decoded images of a path, both ends included
MAX_PATHS = 5
MAX_RECONSTRUCTIONS = 12
KINDS = {
    "ae": "an autoencoder (AE)",
    "dae": "a denoising AE",
    "vae": "a variational autoencoder (VAE)",
}


@dataclass(frozen=True)
class Plane:
    """A model of two latent dimensions: its grid as PNG and its reference points as SVG."""

    label: str
    class_names: Sequence[str]
    grid: bytes
    points: bytes
    count: int


@dataclass(frozen=True)
class LatentPath:
    """Two real images as PNG, and for each model a row of PATH_STEPS images between them."""

    start_class: str
    end_class: str
    start: bytes
    end: bytes
    rows: Sequence[tuple[str, bytes]]


def render_report(comparison: Comparison) -> str:
    """The page. Paths and reconstructions start from the first artifact's reference images."""
    candidates = comparison.candidates
    reference = candidates[0].artifact.reference
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"data_uri": _data_uri, "show": show}
    source = (resources.files("training") / "report.html").read_text(encoding="utf-8")
    return environment.from_string(source).render(
        title=f"Latent spaces compared: {', '.join(c.label for c in candidates)}",
        comparison=comparison,
        kinds=KINDS,
        colours=COLOURS,
        grid_side=GRID_SIDE,
        steps=PATH_STEPS,
        planes=_planes(candidates),
        paths=_paths(candidates, reference),
        reconstructions=_reconstructions(candidates, reference),
    )


def _planes(candidates: Sequence[Candidate]) -> list[Plane]:
    candidates = [c for c in candidates if c.artifact.manifest.latent_dim == 2]
    references = [c.artifact.reference for c in candidates]
    extent = max((plane_extent(r.coordinates) for r in references), default=0)
    points = torch.from_numpy(grid_points())
    return [
        Plane(
            label=candidate.label,
            class_names=candidate.artifact.manifest.dataset.class_names,
            grid=draw_mosaic(decode_levels(candidate.network, points), GRID_SIDE),
            points=draw_plane_svg(reference.coordinates, reference.labels, extent),
            count=len(reference.labels),
        )
        for candidate, reference in zip(candidates, references, strict=True)
    ]


def _paths(candidates: Sequence[Candidate], reference: Reference) -> Iterator[LatentPath]:
    names = candidates[0].artifact.manifest.dataset.class_names
    for pair in _pairs(reference.labels):
        start_class, end_class = (names[label] for label in reference.labels[pair])
        ends = reference.thumbnails[pair]
        start, end = (draw_mosaic(image[None], 1) for image in ends)
        rows = [(c.label, draw_mosaic(_between(c, ends), PATH_STEPS)) for c in candidates]
        yield LatentPath(start_class, end_class, start, end, rows)


def _pairs(labels: Levels) -> list[list[int]]:
    """Places of images of two classes, each class once and far apart in the list of classes."""
    _, places = np.unique(labels, return_index=True)
    if len(places) == 1:
        places = np.array([0, len(labels) - 1])
    half = len(places) // 2
    pairs = zip(places[:half].tolist(), places[half:].tolist(), strict=False)
    return [list(pair) for pair in pairs][:MAX_PATHS]


def _between(candidate: Candidate, ends: Levels) -> Levels:
    start, end = encode_means(candidate.network, ends)
    share = torch.linspace(0, 1, PATH_STEPS)[:, None]
    return decode_levels(candidate.network, start + share * (end - start))


def _reconstructions(
    candidates: Sequence[Candidate], reference: Reference
) -> Iterator[tuple[str, bytes]]:
    count = min(MAX_RECONSTRUCTIONS, len(reference.labels))
    originals = reference.thumbnails[np.linspace(0, len(reference.labels) - 1, count).astype(int)]
    yield "original", draw_mosaic(originals, count)
    for candidate in candidates:
        decoded = decode_levels(candidate.network, encode_means(candidate.network, originals))
        yield candidate.label, draw_mosaic(decoded, count)


def _data_uri(content: bytes, image_type: str) -> str:
    return f"data:image/{image_type};base64,{base64.b64encode(content).decode()}"
