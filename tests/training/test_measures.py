import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from service.artifact.contract import Reference
from service.artifact.manifest import Measure
from tests.training.tiny import (
    load,
)
from training.checkpoint import Checkpoint
from training.data.images import LabelledImages
from training.evaluation import evaluate_network
from training.export import restore_model
from training.measures import UNITS, Space, compute_measures


class TwoPixels:
    """Images of two pixels. A code is the pixels times `scale`, so nothing is lost."""

    def __init__(self, deviation: float = 0.0, scale: float = 1.0) -> None:
        self.deviation, self.scale = deviation, scale

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        mean = self.scale * images.flatten(1)
        return mean, torch.full_like(mean, self.deviation)

    def decode(self, latents: Tensor) -> Tensor:
        return (latents / self.scale).reshape(-1, 1, 1, 2)


def two_pixels(count: int, seed: int) -> LabelledImages:
    """Random pairs of grey levels; the class says whether the first is above 127."""
    pixels = np.random.default_rng(seed).integers(0, 256, (count, 1, 1, 2)).astype(np.uint8)
    return LabelledImages(pixels, (pixels[:, 0, 0, 0] > 127).astype(np.uint8))


def space(model: TwoPixels, held_out: LabelledImages | None = None, distance: float = 0.5) -> Space:
    origin = Reference(
        coordinates=np.zeros((1, 2), np.float32),
        labels=np.zeros(1, np.uint8),
        thumbnails=np.zeros((1, 1, 2), np.uint8),
    )
    held_out = two_pixels(300, seed=1) if held_out is None else held_out
    return Space(model, two_pixels(400, seed=0), held_out, origin, distance, seed=0)


def measured(measured_space: Space) -> dict[str, Measure]:
    return {measure.name: measure for measure in compute_measures(measured_space)}


def test_plane_has_all_measures_and_each_sentence_holds_its_value() -> None:
    found = measured(space(TwoPixels(deviation=0.1)))

    assert list(found) == [
        "reconstruction",
        "kl",
        "knn_accuracy",
        "trustworthiness",
        "coverage",
        "spread",
        "grid_step",
        "realism_midway",
        "realism_grid",
    ]
    assert f"{found['reconstruction'].value:.1f} nats" in found["reconstruction"].sentence
    assert f"{found['knn_accuracy'].value:.0f} of 100" in found["knn_accuracy"].sentence
    assert f"{found['grid_step'].value:.1f} of 255" in found["grid_step"].sentence
    for name in ("realism_midway", "realism_grid"):
        assert f" score {found[name].value:.0f} for realism" in found[name].sentence


def test_lossless_space_scores_well() -> None:
    found = measured(space(TwoPixels()))

    assert "kl" not in found  # no posterior
    assert found["knn_accuracy"].value > 95
    assert found["trustworthiness"].value == pytest.approx(1)


@pytest.mark.parametrize("distance", [0.5, 2.0])
def test_coverage_of_one_point_is_the_area_of_its_circle(distance: float) -> None:
    found = measured(space(TwoPixels(), distance=distance))

    assert found["coverage"].value == pytest.approx(100 * math.pi * distance**2 / 64, rel=0.02)


def test_spread_of_equal_codes_is_one_cell() -> None:
    alike = LabelledImages(np.full((50, 1, 1, 2), 9, np.uint8), np.zeros(50, np.uint8))

    assert measured(space(TwoPixels(), alike))["spread"].value == 100 / 40**2


def test_codes_mostly_outside_the_square_have_no_spread() -> None:
    assert "spread" not in measured(space(TwoPixels(scale=20.0)))


def test_half_of_a_normal_distribution_takes_its_share_of_the_square() -> None:
    radius = math.sqrt(2 * math.log(2))  # of half the points, by the Rayleigh distribution

    share = math.pi * radius**2 / 8**2

    assert f"would take {100 * share:.1f} %" in measured(space(TwoPixels()))["spread"].sentence


def test_grid_step_is_the_step_of_a_straight_space() -> None:
    # A step of 0.4 changes one of the two pixels by 0.4 / 8 of white, or not at all.
    found = measured(space(TwoPixels(scale=8.0)))

    assert found["grid_step"].value == pytest.approx(255 * 0.05 / 2, rel=1e-4)


def test_measures_that_blurred_pictures_improve_have_no_better_value() -> None:
    assert UNITS["grid_step"][1] == "neither"


class ThreeCoordinates(TwoPixels):
    """The same with a third coordinate, always 0."""

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        return tuple(torch.nn.functional.pad(part, (0, 1)) for part in super().encode(images))  # type: ignore[return-value]

    def decode(self, latents: Tensor) -> Tensor:
        return super().decode(latents[:, :2])


def test_space_of_other_dimensions_has_the_measures_that_need_no_plane() -> None:
    found = measured(space(ThreeCoordinates()))

    assert list(found) == ["reconstruction", "knn_accuracy", "trustworthiness", "realism_midway"]
    assert "latent space" in found["knn_accuracy"].sentence


@pytest.mark.parametrize("count", [1, 20])
def test_few_images_of_one_class_leave_out_two_measures(count: int) -> None:
    few = LabelledImages(np.full((count, 1, 1, 2), 9, np.uint8), np.zeros(count, np.uint8))

    assert not {"trustworthiness", "realism_midway"} & measured(space(TwoPixels(), few)).keys()


def test_one_class_leaves_out_the_measures_that_compare_classes() -> None:
    alike = LabelledImages(two_pixels(400, seed=0).pixels, np.zeros(400, np.uint8))

    found = measured(dataclasses.replace(space(TwoPixels(), alike), training=alike))

    assert not {"knn_accuracy", "realism_midway", "realism_grid"} & found.keys()


def test_missing_realism_is_logged_with_its_reason(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    few = LabelledImages(np.full((19, 1, 1, 2), 9, np.uint8), np.zeros(19, np.uint8))

    found = measured(space(TwoPixels(), few))

    assert not [name for name in found if name.startswith("realism")]
    assert "realism is not measured: it takes two classes or more, and 20 " in caplog.text


def test_nats_equal_those_of_the_evaluation(checkpoint: Checkpoint, data_dir: Path) -> None:
    data = load(data_dir, seed=checkpoint.config.seed).training
    model, held_out = restore_model(checkpoint, data), load(data_dir).held_out
    reference = Reference(np.zeros((1, 2), np.float32), held_out.labels[:1], held_out.pixels[:1])

    found = measured(Space(model, data.training, held_out, reference, 1.0, checkpoint.config.seed))

    terms = evaluate_network(model, held_out.pixels, checkpoint.config)
    assert found["reconstruction"].value == pytest.approx(terms["undisturbed_reconstruction"])
    assert ("kl" in found) == (checkpoint.config.kind == "vae")
    if "kl" in found:
        assert found["kl"].value == pytest.approx(terms["kl"])


def test_same_seed_gives_the_same_measures() -> None:
    assert compute_measures(space(TwoPixels(0.1))) == compute_measures(space(TwoPixels(0.1)))
