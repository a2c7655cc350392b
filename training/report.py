"""A comparison as one HTML page that needs nothing else: no script, no link, no network."""

import base64
from collections.abc import Iterator, Sequence
from html import escape
from importlib import resources
from string import Template

import numpy as np
import numpy.typing as npt
import torch

from service.artifact.contract import Artifact, Reference
from training.comparison import Candidate, Comparison, Row, show
from training.evaluation import decode_greys, encode_means
from training.figures import COLOURS, GRID_BOUND, GRID_SIDE, draw_mosaic, grid_points
from training.network import PublishedNetwork
from training.plane import draw_plane, plane_extent

STEPS = 9  # pictures of a strip, both ends included
STRIPS = 5
REDRAWN = 12
KINDS = {"ae": "autoencoder (AE)", "dae": "denoising AE", "vae": "variational autoencoder (VAE)"}

Greys = npt.NDArray[np.uint8]


def render_report(comparison: Comparison) -> str:
    """The page. Pictures of strips and reconstructions are the first artifact's reference."""
    candidates = comparison.candidates
    reference = candidates[0].artifact.reference
    labels = ", ".join(c.label for c in candidates)
    page = Template((resources.files("training") / "report.html").read_text(encoding="utf-8"))
    return page.substitute(
        title=escape(f"Latent spaces compared: {labels}"),
        opening=_list("opening", comparison.opening),
        notes="\n".join(f'<p class="note">{escape(note)}</p>' for note in comparison.notes),
        models="\n".join(f"<p>{_introduce(candidate)}</p>" for candidate in candidates),
        measures=_measures(comparison),
        grids=_grids(candidates),
        planes=_planes(candidates),
        strips="\n".join(_strips(candidates, reference)),
        reconstructions="\n".join(_reconstructions(candidates, reference)),
    )


def _introduce(candidate: Candidate) -> str:
    manifest = candidate.artifact.manifest
    article = "an" if manifest.kind == "ae" else "a"
    return (
        f"<b>{escape(candidate.label)}</b> is {article} {KINDS[manifest.kind]} of "
        f"{manifest.latent_dim} latent dimensions, version {manifest.version}, fitted to "
        f"{manifest.dataset.training_images:,} pictures of {escape(manifest.dataset.name)}."
    )


def _measures(comparison: Comparison) -> str:
    heads = "".join(f'<th scope="col">{escape(c.label)}</th>' for c in comparison.candidates)
    rows = "\n".join(_measure_rows(row, comparison.candidates) for row in comparison.rows)
    return (
        '<p class="soft">A star says which figure is the better one, not that the difference '
        "matters; where none stands, neither is better.</p>\n"
        f'<div class="wide"><table><thead><tr><th scope="col">measure</th>{heads}</tr></thead>\n'
        f"{rows}</table></div>"
    )


def _measure_rows(row: Row, candidates: Sequence[Candidate]) -> str:
    cells, words = "", ""
    for place, (candidate, measure) in enumerate(zip(candidates, row.measures, strict=True)):
        is_best = place in row.best
        value = "none" if measure is None else show(measure) + (" ★" if is_best else "")
        cells += f'<td class="value{" best" if is_best else ""}">{value}</td>'
        if measure is not None:
            words += f"<p><b>{escape(candidate.label)}:</b> {escape(measure.sentence)}</p>"
    name = escape(f"{row.name.replace('_', ' ')} ({row.unit})")
    return (
        f'<tbody><tr><th scope="row">{name}</th>{cells}</tr>'
        f'<tr class="words"><td colspan="{len(candidates) + 1}">{words}</td></tr></tbody>'
    )


def _grids(candidates: Sequence[Candidate]) -> str:
    figures = [
        f'<figure class="grid"><figcaption><b>{escape(c.label)}</b></figcaption>'
        + _image(_grid(c.artifact), f"{c.label}: the grid of {GRID_SIDE} x {GRID_SIDE} pictures")
        + "</figure>"
        for c in candidates
        if c.artifact.manifest.latent_dim == 2
    ]
    if not figures:
        return ""
    return (
        f"<h2>The plane, drawn</h2>\n<p>{GRID_SIDE} x {GRID_SIDE} places of the plane, each drawn: "
        "(-4, 4) top left, (0, 0) in the middle, (4, -4) bottom right.</p>\n"
        f'<div class="beside">{"".join(figures)}</div>'
    )


def _grid(artifact: Artifact) -> bytes:
    points = torch.from_numpy(grid_points([-GRID_BOUND] * 2, [GRID_BOUND] * 2))
    return draw_mosaic(decode_greys(PublishedNetwork(artifact), points), GRID_SIDE)


def _planes(candidates: Sequence[Candidate]) -> str:
    planes = [c for c in candidates if c.artifact.manifest.latent_dim == 2]
    if not planes:
        return ""
    extent = max(plane_extent(c.artifact.reference.coordinates) for c in planes)
    return (
        "<h2>Where the pictures lie</h2>\n<p>Each dot is a picture that the model was not fitted "
        "to, in the colour of its class. Dashed is the square above; the circles are one, two and "
        "three standard deviations of a normal distribution, which a VAE is taught to fill.</p>\n"
        f'<div class="beside">{"".join(_plane(c, extent) for c in planes)}</div>'
    )


def _plane(candidate: Candidate, extent: int) -> str:
    reference = candidate.artifact.reference
    title = f"{candidate.label}: {len(reference.labels):,} held-out pictures in the plane"
    legend = "".join(
        f'<li><i{_square(index)} style="background:{COLOURS[index % len(COLOURS)]}"></i>'
        f"{escape(name)}</li>"
        for index, name in enumerate(candidate.artifact.manifest.dataset.class_names)
    )
    return (
        f"<figure><figcaption><b>{escape(candidate.label)}</b></figcaption>"
        + draw_plane(reference.coordinates, reference.labels, extent, title)
        + f'<ul class="legend">{legend}</ul></figure>'
    )


def _square(class_index: int) -> str:
    return ' class="square"' if class_index // len(COLOURS) % 2 else ""


def _strips(candidates: Sequence[Candidate], reference: Reference) -> Iterator[str]:
    names = candidates[0].artifact.manifest.dataset.class_names
    for pair in _pairs(reference.labels):
        start, end = (names[label] for label in reference.labels[pair])
        ends = reference.thumbnails[pair]
        before, after = (
            _image(draw_mosaic(picture[None], 1), "the real picture") for picture in ends
        )
        yield f"<h3>{escape(start)} to {escape(end)}</h3>"
        for candidate in candidates:
            way = draw_mosaic(_between(candidate.artifact, ends), STEPS)
            image = _image(way, f"{candidate.label}: {STEPS} pictures on the way", "way")
            yield _strip(candidate.label, before + image + after)


def _pairs(labels: npt.NDArray[np.uint8]) -> list[list[int]]:
    """Places of pictures of two classes, each class once and far apart in the list of classes."""
    _, places = np.unique(labels, return_index=True)
    if len(places) == 1:
        places = np.array([0, len(labels) - 1])
    half = len(places) // 2
    return [[int(a), int(b)] for a, b in zip(places[:half], places[half:], strict=False)][:STRIPS]


def _between(artifact: Artifact, ends: Greys) -> Greys:
    start, end = encode_means(PublishedNetwork(artifact), ends)
    share = torch.linspace(0, 1, STEPS)[:, None]
    return decode_greys(PublishedNetwork(artifact), start + share * (end - start))


def _reconstructions(candidates: Sequence[Candidate], reference: Reference) -> Iterator[str]:
    spread = np.linspace(0, len(reference.labels) - 1, min(REDRAWN, len(reference.labels)))
    originals = reference.thumbnails[spread.astype(int)]
    count = len(originals)
    yield _strip("original", _image(draw_mosaic(originals, count), f"{count} real pictures"))
    for candidate in candidates:
        model = PublishedNetwork(candidate.artifact)
        redrawn = draw_mosaic(decode_greys(model, encode_means(model, originals)), count)
        yield _strip(candidate.label, _image(redrawn, f"{candidate.label}: the same, redrawn"))


def _strip(label: str, images: str) -> str:
    return f'<div class="strip"><span>{escape(label)}</span><div>{images}</div></div>'


def _image(png: bytes, title: str, kind: str = "whole") -> str:
    content = base64.b64encode(png).decode()
    return f'<img class="{kind}" src="data:image/png;base64,{content}" alt="{escape(title)}">'


def _list(name: str, sentences: Sequence[str]) -> str:
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return f'<ul class="{name}">{items}</ul>' if items else ""
