from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from service.artifact.arrays import Doubles, Floats
from training.data.images import LabelledImages
from training.network import Network, as_images
from training.realism import (
    Features,
    Realism,
    RealismScores,
    compare_with_real,
    compute_realism,
    fit_features,
)

# Six near each other, and one far away that everything is near to.
REAL = torch.tensor([[0.0], [1.0], [2.0], [3.0], [4.0], [5.0], [100.0]])


def test_real_pictures_look_real_and_cover_all() -> None:
    assert compare_with_real(REAL, REAL[:6]) == Realism(precision=100, coverage=100)


def test_coverage_counts_the_real_pictures_that_have_a_look_alike() -> None:
    # Reach is the distance to the fifth other one: 5 of 0, 4 of 1, 3 of 2.
    found = compare_with_real(REAL, torch.tensor([[-3.5]]))

    assert found.coverage == pytest.approx(100 / 7)


def test_precision_ignores_unusual_real_pictures() -> None:
    # 50 is within the reach of 100, but of no other one.
    found = compare_with_real(REAL, torch.tensor([[2.5], [50.0]]))

    assert found.precision == 50


def test_score_is_the_harmonic_mean() -> None:
    assert Realism(precision=60, coverage=30).score == pytest.approx(40)
    assert Realism(precision=100, coverage=0).score == 0
    assert Realism(precision=0, coverage=0).score == 0


def stripes(count: int, seed: int, side: int = 12) -> LabelledImages:
    """Bright stripes, one pixel wide, at random places: across in class 0, upright in class 1."""
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 30, (count, side, side)).astype(np.uint8)
    labels = (np.arange(count) % 2).astype(np.uint8)
    for picture, label in zip(pixels, labels, strict=True):
        rows = picture if label == 0 else picture.T
        rows[random.choice(side, 3, replace=False)] += 200
    return LabelledImages(pixels[:, None], labels)


TRAINING, HELD_OUT = stripes(600, seed=0), stripes(200, seed=1)


@pytest.fixture(scope="module")
def features() -> Features:
    return fit_features(TRAINING, seed=0)


def blurred(pictures: Tensor) -> Tensor:
    return functional.avg_pool2d(pictures, 3, stride=1, padding=1)


def noisy(pictures: Tensor) -> Tensor:
    noise = torch.randn(pictures.shape, generator=torch.Generator().manual_seed(0))
    return (pictures + 0.3 * noise).clamp(0, 1)


def averaged(pictures: Tensor) -> Tensor:
    return pictures.mean(dim=0, keepdim=True).expand_as(pictures)


@pytest.mark.parametrize("change", [blurred, noisy, averaged])
def test_blurred_noisy_and_mean_pictures_lose(
    features: Features, change: Callable[[Tensor], Tensor]
) -> None:
    real, pictures = features(as_images(TRAINING.pixels[:])), as_images(HELD_OUT.pixels[:])

    unchanged = compare_with_real(real, features(pictures)).score
    changed = compare_with_real(real, features(change(pictures))).score

    assert changed < 0.9 * unchanged


SIDE = 10  # pixels
PLACES = np.random.default_rng(0).uniform(-3, 3, (700, 2))


def draw_squares(places: Doubles) -> Floats:
    """A white square, 4 pixels wide, for each centre [N, 2], in pixels from the middle."""
    pixels = np.arange(SIDE) - (SIDE - 1) / 2
    row, column = (2.5 - np.abs(pixels - places.T[:, :, None])).clip(0, 1)  # share of a pixel
    drawn: Floats = (row[:, :, None] * column[:, None, :]).astype(np.float32)
    return drawn


def squares(places: Doubles) -> LabelledImages:
    """The class says whether the square lies left or right."""
    pixels = (255 * draw_squares(places)).round().astype(np.uint8)
    return LabelledImages(pixels[:, None], (places[:, 1] > 0).astype(np.uint8))


@dataclass(frozen=True)
class Squares:
    """The code is the place of the square, so everything between two squares is a square too."""

    change: Callable[[Tensor], Tensor] = torch.Tensor.contiguous

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        raise NotImplementedError

    def decode(self, latents: Tensor) -> Tensor:
        drawn = draw_squares(latents[:, :2].double().numpy())
        return self.change(torch.from_numpy(drawn).unsqueeze(1))


def scores_of(network: Network, codes: Doubles, seed: int = 0) -> RealismScores:
    training, held_out = squares(PLACES[:500]), squares(PLACES[500:])
    scores = compute_realism(network, training, held_out, torch.from_numpy(codes).float(), seed)
    assert scores is not None
    return scores


def washed_out(pictures: Tensor) -> Tensor:
    """Half way to the mean, as after too little training."""
    return (pictures + averaged(pictures)) / 2


@pytest.mark.parametrize("change", [blurred, noisy, averaged, washed_out])
def test_model_that_blurs_loses_midway_and_on_the_grid(change: Callable[[Tensor], Tensor]) -> None:
    sharp, worse = (scores_of(network, PLACES[500:]) for network in (Squares(), Squares(change)))

    for one, other in ((sharp.midway, worse.midway), (sharp.grid, worse.grid)):
        assert one is not None
        assert other is not None
        assert other.score < 0.8 * one.score
    assert worse.held_out == sharp.held_out


def test_same_seed_gives_the_same_scores_and_leaves_torchs_own_seed_alone() -> None:
    state = torch.get_rng_state()

    assert scores_of(Squares(), PLACES[500:]) == scores_of(Squares(), PLACES[500:])

    assert torch.equal(torch.get_rng_state(), state)


def test_scores_do_not_depend_on_the_number_of_threads() -> None:
    threads = torch.get_num_threads()
    one = scores_of(Squares(), PLACES[500:])

    torch.set_num_threads(2)
    two = scores_of(Squares(), PLACES[500:])

    assert torch.get_num_threads() == 2
    torch.set_num_threads(threads)
    assert two == one


def test_space_of_other_dimensions_has_no_grid() -> None:
    codes = np.concatenate([PLACES[500:], np.zeros((200, 1))], axis=1)

    scores = scores_of(Squares(), codes)

    assert scores.grid is None
    assert scores.midway is not None


def test_held_out_images_of_one_class_have_nothing_midway() -> None:
    places = np.abs(PLACES[500:])
    training, held_out = squares(PLACES[:500]), squares(places)

    scores = compute_realism(Squares(), training, held_out, torch.from_numpy(places).float(), 0)

    assert scores is not None
    assert scores.midway is None


@pytest.mark.parametrize(
    ("training", "held_out"),
    [
        (squares(np.abs(PLACES[:500])), squares(PLACES[500:])),  # of one class
        (squares(PLACES[:19]), squares(PLACES[500:])),
        (squares(PLACES[:500]), squares(PLACES[500:519])),
        (squares(PLACES[:10].repeat(50, axis=0)), squares(PLACES[500:])),  # ten different ones
    ],
)
def test_one_class_or_few_different_images_have_no_realism(
    training: LabelledImages, held_out: LabelledImages
) -> None:
    codes = torch.zeros(len(held_out.labels), 2)

    assert compute_realism(Squares(), training, held_out, codes, seed=0) is None


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 30), (65, 3), (1024, 2)])
def test_images_of_any_size_have_features(height: int, width: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (30, 1, height, width)).astype(np.uint8)
    images = LabelledImages(pixels, np.arange(30, dtype=np.uint8) % 3)

    features = fit_features(images, seed=0)(as_images(pixels))

    assert features.shape == (30, 64)
    assert features.isfinite().all()
