import base64
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import torch

from service.artifact.load import load_artifact
from tests import tiny
from tests.training.tiny import make_trainer, published, tiny_config
from training.checkpoint import load_checkpoint
from training.comparison import compare_artifacts
from training.network import PublishedNetwork, decode_levels, encode_means
from training.report import render_report

VOID = {"img", "meta"}


class Outline(HTMLParser):
    """Checks that tags nest, and keeps their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture
def page(tmp_path: Path) -> str:
    """The report of a tiny AE and VAE."""
    folders = [tiny.publish(tmp_path, name) for name in ("ae", "vae")]
    return render_report(compare_artifacts(folders))


def test_report_needs_nothing_else(page: str) -> None:
    outline = Outline(page)

    assert outline.open == []
    assert not {"script", "link", "a", "iframe"} & {tag for tag, _ in outline.found}
    sources = [attributes["src"] or "" for tag, attributes in outline.found if tag == "img"]
    assert {source.partition(",")[0] for source in sources} == {
        "data:image/png;base64",
        "data:image/svg+xml;base64",
    }
    assert "http:" not in page
    assert "https:" not in page
    assert "url(" not in page


def test_every_picture_has_alternative_text(page: str) -> None:
    found = Outline(page).found

    assert all(attributes["alt"] for tag, attributes in found if tag == "img")
    assert [a["alt"] for _, a in found if (a.get("src") or "").startswith("data:image/svg")] == [
        "ae: 50 held-out pictures in the plane",
        "vae: 50 held-out pictures in the plane",
    ]


def test_grid_shows_the_decoded_points(page: str, tmp_path: Path) -> None:
    (content,) = re.findall(r'base64,([^"]+)" alt="vae: the grid of 21 x 21 pictures"', page)

    levels = tiny.read_levels(base64.b64decode(content))

    assert levels.shape == (588, 588)
    model = PublishedNetwork(load_artifact(tmp_path / "vae" / "1"))
    corner = decode_levels(model, torch.tensor([[4.0, -4.0]]))[0]
    assert np.abs(levels[-28:, -28:].astype(int) - corner).max() <= 1


def test_path_leads_from_one_reconstruction_to_the_other(page: str, tmp_path: Path) -> None:
    (content,) = re.findall(r'base64,([^"]+)" alt="ae: 9 pictures along the path"', page)

    levels = tiny.read_levels(base64.b64decode(content))

    artifact = load_artifact(tmp_path / "ae" / "1")
    ends = encode_means(PublishedNetwork(artifact), artifact.reference.thumbnails[:2, None])
    decoded = decode_levels(PublishedNetwork(artifact), ends).astype(int)
    assert levels.shape == (28, 9 * 28)
    assert np.abs(levels[:, :28] - decoded[0]).max() <= 1
    assert np.abs(levels[:, -28:] - decoded[1]).max() <= 1


def test_same_artifacts_give_the_same_page(page: str, tmp_path: Path) -> None:
    folders = [tmp_path / name / "1" for name in ("ae", "vae")]

    assert render_report(compare_artifacts(folders)) == page


def test_sentences_and_names_are_escaped(tmp_path: Path) -> None:
    model = tiny.TinyAutoencoder().eval()
    plain = tiny.describe(model)
    evil = "<img src=x onerror=alert(1)>&amp;{{ title }}"
    measure = plain.measures[0].model_copy(update={"sentence": evil, "unit": evil[:64]})
    dataset = plain.dataset.model_copy(update={"name": evil, "class_names": [evil, '"b"']})
    folders = [
        tiny.write(tmp_path, model, tiny.describe(model, name, dataset=dataset, measures=[measure]))
        for name in ("one", "two")
    ]

    outline = Outline(render_report(compare_artifacts(folders)))

    assert outline.open == []
    assert all(a["src"] != "x" for tag, a in outline.found if tag == "img")


def test_spaces_of_other_dimensions_are_compared_without_planes(
    data_dir: Path, tmp_path: Path
) -> None:
    make_trainer(tiny_config("ae", "model.latent_dim=3"), data_dir, tmp_path / "run").fit()
    checkpoint = load_checkpoint(tmp_path / "run")
    folders = [published(checkpoint, data_dir, tmp_path) for _ in range(2)]

    page = render_report(compare_artifacts(folders))

    assert "svg" not in page
    assert "3 latent dimensions" in page
    assert page.count("pictures along the path") == 2 * 5  # five pairs of ten classes
