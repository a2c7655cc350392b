"""Renders a comparison as one HTML page that needs no script, no link and no network."""

import base64
from collections.abc import Iterator, Sequence
from importlib import resources

import numpy as np
import torch
from jinja2 import Environment, StrictUndefined

from service.artifact.arrays import Levels
from service.artifact.contract import Reference
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

# What the template shows, with pictures as PNG or SVG files.
Plane = tuple[Candidate, bytes, bytes]  # a model of two latent dimensions, its grid and its points
End = tuple[str, bytes]  # class and picture
Rows = list[tuple[str, bytes]]  # label and row of pictures


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
        (
            candidate,
            draw_mosaic(decode_levels(candidate.network, points), GRID_SIDE),
            draw_plane_svg(reference.coordinates, reference.labels, extent),
        )
        for candidate, reference in zip(candidates, references, strict=True)
    ]


def _paths(
    candidates: Sequence[Candidate], reference: Reference
) -> Iterator[tuple[End, End, Rows]]:
    names = candidates[0].artifact.manifest.dataset.class_names
    for pair in _pairs(reference.labels):
        levels = reference.thumbnails[pair, None]
        start, end = (
            (names[label], draw_mosaic(image[None], 1))
            for label, image in zip(reference.labels[pair], levels, strict=True)
        )
        rows = [(c.label, draw_mosaic(_between(c, levels), PATH_STEPS)) for c in candidates]
        yield start, end, rows


def _pairs(labels: Levels) -> list[list[int]]:
    """Indices of two images each, of classes far apart in the list; each class occurs once."""
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


def _reconstructions(candidates: Sequence[Candidate], reference: Reference) -> Rows:
    count = min(MAX_RECONSTRUCTIONS, len(reference.labels))
    chosen = np.linspace(0, len(reference.labels) - 1, count).astype(int)
    originals = reference.thumbnails[chosen, None]
    decoded = [decode_levels(c.network, encode_means(c.network, originals)) for c in candidates]
    labels = ["original", *(c.label for c in candidates)]
    rows = zip(labels, [originals, *decoded], strict=True)
    return [(label, draw_mosaic(levels, count)) for label, levels in rows]


def _data_uri(content: bytes, image_type: str) -> str:
    return f"data:image/{image_type};base64,{base64.b64encode(content).decode()}"
