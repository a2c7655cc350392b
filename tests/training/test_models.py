import pytest
import torch
from torch import Tensor, nn

from tests.training.tiny import tiny_config
from training.config import load_config
from training.errors import NotPublishable
from training.export import script
from training.models import Autoencoder, build_model, fold_standardisation, whitening_of


def layers(stack: nn.Sequential) -> list[tuple[int, int] | str]:
    return [
        (layer.in_features, layer.out_features)
        if isinstance(layer, nn.Linear)
        else type(layer).__name__
        for layer in stack
    ]


def some_images(count: int = 64) -> Tensor:
    return torch.rand(count, 1, 8, 8, generator=torch.Generator().manual_seed(0))


def test_lab_vae_has_the_courses_layers() -> None:
    model = build_model(load_config("vae", "lab"), (28, 28))

    assert layers(model.encoder) == [(784, 512), "ReLU", (512, 4)]
    assert layers(model.decoder) == [(2, 512), "ReLU", (512, 784)]


@pytest.mark.parametrize("kind", ["ae", "dae"])
def test_lab_ae_is_one_dense_layer_each_way(kind: str) -> None:
    model = build_model(load_config(kind, "lab"), (28, 28))

    assert layers(model.encoder) == [(784, 2)]
    assert layers(model.decoder) == [(2, 784)]
    assert sum(weight.numel() for weight in model.parameters()) == 784 * 2 + 2 + 2 * 784 + 784


def test_lab_ae_decodes_by_a_sigmoid_of_its_layer() -> None:
    model = build_model(load_config("ae", "lab"), (8, 8))
    latents = torch.tensor([[0.5, -2.0]])

    pictures = model.decode(latents)

    expected = torch.sigmoid(model.decoder[0](latents))
    torch.testing.assert_close(pictures, expected.view(1, 1, 8, 8))


@pytest.mark.parametrize("kind", ["ae", "dae", "vae"])
@pytest.mark.parametrize("preset", ["lab", "default"])
def test_scripted_model_equals_the_eager_one(kind: str, preset: str) -> None:
    model = build_model(load_config(kind, preset), (8, 8)).eval()
    scripted = script(model)

    mean, deviation = scripted.encode(some_images())
    pictures = scripted.decode(mean)

    torch.testing.assert_close((mean, deviation), model.encode(some_images()))
    torch.testing.assert_close(pictures, model.decode(mean))
    assert mean.shape == deviation.shape == (64, 2)
    assert pictures.shape == (64, 1, 8, 8)


def test_ae_has_no_deviation_and_vae_has() -> None:
    _, none = build_model(tiny_config("ae"), (8, 8)).encode(some_images())
    _, some = build_model(tiny_config("vae"), (8, 8)).encode(some_images())

    assert not none.any()
    assert (some > 0).all()


def test_log_variance_stays_within_its_bounds_and_keeps_a_gradient() -> None:
    model = build_model(tiny_config("vae", "model.log_variance_bounds=[-3.0, 2.0]"), (8, 8))
    images = (100 * some_images()).requires_grad_()

    _, log_variance = model.posterior(images)
    (gradient,) = torch.autograd.grad(log_variance.sum(), images)

    assert -3.0 <= log_variance.min() < log_variance.max() <= 2.01
    assert gradient.abs().sum() > 0


def test_bounds_hardly_change_values_within_them() -> None:
    free = build_model(tiny_config("vae", "model.log_variance_bounds=[]"), (8, 8))
    bound = build_model(tiny_config("vae"), (8, 8))

    expected, found = free.posterior(some_images())[1], bound.posterior(some_images())[1]

    torch.testing.assert_close(found, expected, atol=0.05, rtol=0)


def test_features_are_sines_and_the_latents() -> None:
    model = build_model(tiny_config("vae", "model.fourier_features=8"), (8, 8))
    latents = torch.randn(5, 2)

    features = model.features(latents)

    expected = torch.sin(model.features.phase(latents))
    torch.testing.assert_close(features, torch.cat([expected, latents], dim=1))


def test_weights_depend_on_the_seed_not_on_the_global_generator() -> None:
    state = torch.random.get_rng_state()

    first, again = (next(build_model(tiny_config("vae"), (8, 8)).parameters()) for _ in range(2))
    other = next(build_model(tiny_config("vae", "seed=1"), (8, 8)).parameters())

    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.random.get_rng_state(), state)


def standardised(model: Autoencoder, images: Tensor) -> None:
    with torch.no_grad():
        codes, _ = model.encode(images)
    fold_standardisation(model, *whitening_of(codes))


@pytest.mark.parametrize(
    "overrides",
    [
        ("model.fourier_features=8",),
        ("model.fourier_features=0",),
        ("model.encoder_hidden=[]", "model.decoder_hidden=[]", "model.fourier_features=0"),
        ("model.encoder_hidden=[]", "model.decoder_hidden=[]", "model.fourier_features=8"),
        ("model.latent_dim=3",),
    ],
)
@torch.no_grad()
def test_standardisation_keeps_the_reconstructions(overrides: tuple[str, ...]) -> None:
    model = build_model(tiny_config("ae", *overrides), (8, 8)).eval()
    images = some_images()
    before = model.decode(model.encode(images)[0])

    standardised(model, images)

    after = model.decode(model.encode(images)[0])
    torch.testing.assert_close(after, before, atol=1e-5, rtol=0)


@torch.no_grad()
def test_standardised_codes_have_zero_mean_and_unit_covariance() -> None:
    model = build_model(tiny_config("ae"), (8, 8)).eval()
    images = some_images(500)

    standardised(model, images)

    codes, _ = model.encode(images)
    torch.testing.assert_close(codes.mean(dim=0), torch.zeros(2), atol=1e-4, rtol=0)
    torch.testing.assert_close(torch.cov(codes.T, correction=0), torch.eye(2), atol=1e-3, rtol=0)


def test_whitening_keeps_the_orientation() -> None:
    codes = torch.randn(1000, 2) @ torch.tensor([[3.0, 1.0], [0.0, 0.5]]) + 7

    _, whitening = whitening_of(codes)

    torch.testing.assert_close(whitening, whitening.T)
    assert (torch.linalg.eigvalsh(whitening) > 0).all()


def test_codes_on_a_line_are_standardised_along_it() -> None:
    line = torch.arange(10.0).unsqueeze(1) * torch.tensor([[1.0, 2.0]])

    mean, whitening = whitening_of(line)

    codes = (line - mean) @ whitening.T
    variances = torch.linalg.eigvalsh(torch.cov(codes.T, correction=0))
    torch.testing.assert_close(variances, torch.tensor([0.0, 1.0]).double(), atol=1e-6, rtol=0)
    assert (torch.linalg.eigvalsh(whitening) > 0).all()


def test_codes_in_one_place_cannot_be_standardised() -> None:
    with pytest.raises(NotPublishable, match="in one place"):
        whitening_of(torch.ones(10, 2) * 0.1)
