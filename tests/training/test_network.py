import numpy as np
import pytest
import torch
from torch import Tensor

from training.network import as_images, decode_levels, encode_levels, encode_means


class Brightness:
    """A network whose one coordinate is the sum of the pixels."""

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        mean = images.flatten(1).sum(dim=1, keepdim=True)
        return mean, torch.full_like(mean, 0.5)

    def decode(self, latents: Tensor) -> Tensor:
        return latents.reshape(-1, 1, 1, 1)


def test_images_are_grey_levels_over_255() -> None:
    images = as_images(np.array([[[[0, 51, 255]]]], np.uint8))

    torch.testing.assert_close(images, torch.tensor([[[[0.0, 0.2, 1.0]]]]))


def test_levels_are_encoded_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.network.BATCH_SIZE", 3)
    levels = np.arange(7 * 2, dtype=np.uint8).reshape(7, 1, 1, 2)

    mean, deviation = encode_levels(Brightness(), levels)

    torch.testing.assert_close(mean, as_images(levels).flatten(1).sum(dim=1, keepdim=True))
    assert deviation.shape == (7, 1)
    assert torch.equal(encode_means(Brightness(), levels), mean)


def test_decoded_levels_are_rounded_to_the_nearest() -> None:
    latents = torch.tensor([[0.0], [0.4 / 255], [0.6 / 255], [1.0]])

    assert decode_levels(Brightness(), latents).tolist() == [[[[0]]], [[[0]]], [[[1]]], [[[255]]]]
