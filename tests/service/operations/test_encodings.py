import numpy as np
import pytest
import torch

from service.operations.encodings import binary_cross_entropies, mean_squared_errors
from training.losses import reconstruction_from_pixels

IMAGES = np.random.default_rng(3).random((4, 28, 28)).astype(np.float32)
OTHERS = np.random.default_rng(4).random((4, 28, 28)).astype(np.float32)


def test_errors_have_their_closed_forms() -> None:
    black, grey = np.zeros((1, 2, 3), np.float32), np.full((1, 2, 3), 0.5, np.float32)

    assert mean_squared_errors(black, grey) == 0.25
    assert binary_cross_entropies(black, grey) == pytest.approx(6 * np.log(2))
    assert mean_squared_errors(grey, grey) == 0
    assert binary_cross_entropies(grey, grey) == pytest.approx(6 * np.log(2))


@pytest.mark.parametrize("index", range(4))
def test_cross_entropy_is_that_of_training(index: int) -> None:
    image, other = IMAGES[index][None], OTHERS[index][None]

    of_training = reconstruction_from_pixels(
        torch.from_numpy(other[None]), torch.from_numpy(image[None])
    )

    assert binary_cross_entropies(image, other) == pytest.approx(of_training.item(), rel=1e-12)


def test_cross_entropy_of_certain_pixels_is_finite() -> None:
    white = np.ones((1, 28, 28), np.float32)

    wrong = binary_cross_entropies(np.stack([white[0], 0 * white[0]]), np.stack([0 * white[0]] * 2))

    assert np.isfinite(wrong).all()
    assert wrong[0] > 60_000
    assert wrong[1] == pytest.approx(0, abs=1e-30)
    assert binary_cross_entropies(white, white) == pytest.approx(784 * 2.0**-25)
