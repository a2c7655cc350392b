import numpy as np
import pytest
import torch
from torch import Tensor

from training.datasets import LabelledImages
from training.midway_realism import compute_midway_realism
from training.network import encode_means


class Line:
    """Images of one pixel, which is the code. `snaps` rounds decoded ones to black or white."""

    def __init__(self, snaps: bool) -> None:
        self.snaps = snaps

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        return images.flatten(1), torch.zeros(len(images), 1)

    def decode(self, latents: Tensor) -> Tensor:
        return (latents.round() if self.snaps else latents).reshape(-1, 1, 1, 1)


def black_and_white(count: int) -> LabelledImages:
    labels = np.arange(count, dtype=np.uint8) % 2
    return LabelledImages((255 * labels).reshape(-1, 1, 1), labels)


@pytest.mark.parametrize(("snaps", "expected"), [(True, 1.0), (False, 0.0)])
def test_grey_between_black_and_white_is_not_real(snaps: bool, expected: float) -> None:
    model, images = Line(snaps), black_and_white(100)
    codes = encode_means(model, images.pixels)

    found = compute_midway_realism(model, images, images, codes, seed=0)

    assert found == expected


def test_one_class_has_nothing_midway() -> None:
    images = LabelledImages(np.zeros((9, 1, 1), np.uint8), np.zeros(9, np.uint8))
    model = Line(snaps=False)

    codes = encode_means(model, images.pixels)

    assert compute_midway_realism(model, images, images, codes, seed=0) is None


def test_each_class_has_its_own_limit() -> None:
    # Class 0 is black. Class 1 varies around 140, so midway is 55 to 127. From 70 on the nearest
    # image is 140, as near as to reconstructions of class 1; below 70 it is black, but not near.
    varied = np.arange(110, 256, dtype=np.uint8)
    levels = np.concatenate([np.zeros_like(varied), varied]).reshape(-1, 1, 1)
    held_out = LabelledImages(levels, (levels.ravel() > 0).astype(np.uint8))
    training = LabelledImages(np.array([[[0]], [[140]]], np.uint8), np.array([0, 1], np.uint8))
    model = Line(snaps=False)

    found = compute_midway_realism(model, training, held_out, encode_means(model, levels), seed=0)

    assert found == pytest.approx((127.5 - 70) / (127.5 - 55), abs=0.02)
