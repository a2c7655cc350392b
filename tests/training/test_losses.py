import math

import pytest
import torch

from tests.training.tiny import tiny_config
from training.losses import (
    draw_noise,
    kl_divergence,
    kl_from_deviation,
    reconstruction_from_logits,
    reconstruction_from_pixels,
    training_terms,
)
from training.models import build_model


def test_reconstruction_sums_pixels_and_averages_images() -> None:
    logits = torch.full((3, 1, 4, 5), math.log(3.0))  # a probability of 3/4
    images = torch.ones(3, 1, 4, 5)

    assert reconstruction_from_logits(logits, images).item() == pytest.approx(20 * -math.log(0.75))


def test_reconstruction_of_grey_is_the_cross_entropy() -> None:
    logits, images = torch.zeros(2, 1, 1, 1), torch.full((2, 1, 1, 1), 0.3)

    assert reconstruction_from_logits(logits, images).item() == pytest.approx(math.log(2))


@pytest.mark.parametrize("scale", [1.0, 5.0, 10.0])
def test_reconstruction_from_pixels_agrees_with_logits(scale: float) -> None:
    generator = torch.Generator().manual_seed(0)
    logits = scale * torch.randn(20, 1, 28, 28, generator=generator)
    images = torch.bernoulli(torch.sigmoid(logits), generator=generator)

    found = reconstruction_from_pixels(torch.sigmoid(logits), images)

    expected = reconstruction_from_logits(logits.double(), images.double())
    assert found.item() == pytest.approx(expected.item(), abs=0.01)


def test_certain_but_wrong_pixel_has_a_large_finite_loss() -> None:
    decoded, images = torch.tensor([[[[0.0, 1.0]]]]), torch.tensor([[[[1.0, 0.0]]]])

    assert 50 < reconstruction_from_pixels(decoded, images).item() < 200


@pytest.mark.parametrize(
    ("mean", "variance", "expected"),
    [
        (0.0, 1.0, 0.0),
        (2.0, 1.0, 2.0),
        (0.0, math.e, (math.e - 2) / 2),
        (1.0, 0.25, 0.5 * (1 + 0.25 - 1 - math.log(0.25))),
    ],
)
def test_kl_has_its_closed_form(mean: float, variance: float, expected: float) -> None:
    means, log_variances = torch.full((5, 1), mean), torch.full((5, 1), math.log(variance))

    assert kl_divergence(means, log_variances).item() == pytest.approx(expected, abs=1e-6)


def test_kl_agrees_with_torch_distributions() -> None:
    mean, log_variance = torch.randn(7, 2), torch.randn(7, 2)
    posterior = torch.distributions.Normal(mean, (0.5 * log_variance).exp())

    expected = torch.distributions.kl_divergence(posterior, torch.distributions.Normal(0.0, 1.0))

    torch.testing.assert_close(kl_divergence(mean, log_variance), expected.sum() / 7)


def test_kl_from_deviations_agrees_with_log_variances() -> None:
    mean, log_variance = torch.randn(7, 2), torch.randn(7, 2)

    found = kl_from_deviation(mean, (0.5 * log_variance).exp())

    expected = kl_divergence(mean.double(), log_variance.double())
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("kind", "code_penalty", "names"),
    [
        ("vae", 0.0, {"loss", "reconstruction", "kl"}),
        ("ae", 0.0, {"loss", "reconstruction"}),
        ("dae", 0.0, {"loss", "reconstruction"}),
        ("ae", 0.5, {"loss", "reconstruction", "penalty"}),
    ],
)
def test_terms_are_named_and_add_up_to_the_loss(
    kind: str, code_penalty: float, names: set[str]
) -> None:
    config = tiny_config(kind)
    images = torch.rand(16, 1, 8, 8)

    terms = training_terms(
        build_model(config, (8, 8)), images, torch.Generator(), config.task_noise_std, code_penalty
    )

    assert set(terms) == names
    total = sum(term.item() for name, term in terms.items() if name != "loss")
    assert terms["loss"].item() == pytest.approx(total)


def test_dae_sees_noise_and_is_compared_with_the_clean_image() -> None:
    model = build_model(tiny_config("dae"), (8, 8))
    images = torch.rand(16, 1, 8, 8)

    terms = training_terms(model, images, torch.Generator().manual_seed(1), 0.5, 0.0)

    noisy = images + 0.5 * draw_noise(images, torch.Generator().manual_seed(1))
    expected = reconstruction_from_logits(model.logits(model.posterior(noisy)[0]), images)
    assert terms["loss"].item() == pytest.approx(expected.item())


def test_code_penalty_is_the_squared_length_of_the_codes() -> None:
    model = build_model(tiny_config("ae"), (8, 8))
    images = torch.rand(16, 1, 8, 8)

    terms = training_terms(model, images, torch.Generator(), noise_std=0.0, code_penalty=0.25)

    codes, _ = model.posterior(images)
    expected = 0.25 * codes.norm(dim=1).square().mean()
    assert terms["penalty"].item() == pytest.approx(expected.item())
