"""The autoencoder, one for every kind. TorchScript compiles its `encode` and `decode`."""

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.config import Config, ModelSection
from training.errors import NotPublishable

ACTIVATIONS = {"relu": nn.ReLU, "silu": nn.SiLU, "gelu": nn.GELU, "tanh": nn.Tanh}


class Autoencoder(nn.Module):
    """Two stacks of dense layers; a VAE's encoder also gives a variance."""

    is_variational: Final[bool]
    is_bounded: Final[bool]

    def __init__(self, config: ModelSection, is_variational: bool, height: int, width: int) -> None:
        super().__init__()
        self.height = height
        self.width = width
        self.latent_dim = config.latent_dim
        self.is_variational = is_variational
        self.is_bounded = bool(config.log_variance_bounds)
        self.lower, self.upper = config.log_variance_bounds or (0.0, 0.0)
        code_size = config.latent_dim * (2 if is_variational else 1)
        self.encoder = _stack(config, height * width, config.encoder_hidden, code_size)
        self.features = SineFeatures(
            config.latent_dim, config.fourier_features, config.fourier_scale
        )
        feature_count = config.latent_dim + config.fourier_features
        self.decoder = _stack(config, feature_count, config.decoder_hidden, height * width)

    @torch.jit.export
    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """[B, 1, H, W] in 0..1 -> mean [B, D] and standard deviation [B, D] (0 unless a VAE)."""
        mean, log_variance = self.posterior(images)
        if self.is_variational:
            return mean, torch.exp(0.5 * log_variance)
        return mean, log_variance

    @torch.jit.export
    def decode(self, latents: Tensor) -> Tensor:
        """[B, D] -> [B, 1, H, W] in 0..1, the probability that a pixel is white."""
        return torch.sigmoid(self.logits(latents))

    def posterior(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """[B, 1, H, W] -> mean [B, D] and log variance [B, D]; zeros in its place for an AE.

        q(z|x) of Kingma & Welling 2014, appendix C.2.
        """
        codes = self.encoder(images.flatten(1))
        if not self.is_variational:
            return codes, torch.zeros_like(codes)
        mean, log_variance = codes.chunk(2, dim=1)
        if self.is_bounded:
            # Smooth, unlike a clamp, so that a value beyond the bound keeps a gradient.
            log_variance = self.upper - functional.softplus(self.upper - log_variance)
            log_variance = self.lower + functional.softplus(log_variance - self.lower)
        return mean, log_variance

    def logits(self, latents: Tensor) -> Tensor:
        """[B, D] -> [B, 1, H, W], the images before the sigmoid."""
        images: Tensor = self.decoder(self.features(latents))
        return images.view(-1, 1, self.height, self.width)


class SineFeatures(nn.Module):
    """Learnt sines of z and z itself, which let a shallow decoder draw fine detail.

    Tancik et al. 2020, "Fourier features let networks learn high frequency functions"; the
    frequencies are learnt as in Sitzmann et al. 2020.
    """

    is_plain: Final[bool]

    def __init__(self, latent_dim: int, feature_count: int, scale: float) -> None:
        super().__init__()
        self.is_plain = feature_count == 0
        self.phase = nn.Linear(latent_dim, feature_count) if feature_count else nn.Identity()
        if isinstance(self.phase, nn.Linear):
            nn.init.normal_(self.phase.weight, std=scale)
            nn.init.uniform_(self.phase.bias, 0.0, 2.0 * torch.pi)

    def forward(self, latents: Tensor) -> Tensor:
        """[B, D] -> [B, F + D]: the sines, then z."""
        if self.is_plain:
            return latents
        return torch.cat([torch.sin(self.phase(latents)), latents], dim=1)


def build_model(config: Config, image_shape: tuple[int, int]) -> Autoencoder:
    """The config's network, weights drawn from its seed; the global generator stays untouched."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        return Autoencoder(config.model, config.kind == "vae", *image_shape)


def fold_standardisation(model: Autoencoder, mean: Tensor, whitening: Tensor) -> None:
    """Change an AE's codes to z' = W (z - mean), in place; its reconstructions stay the same.

    `mean` is [D], `whitening` W is [D, D] and invertible. Only weights change: those of the
    encoder's last layer and of the decoder's layers that take z.
    """
    mean, whitening = mean.double(), whitening.double()
    last = model.encoder[-1]
    assert isinstance(last, nn.Linear)
    _assign(last, whitening @ last.weight.double(), whitening @ (last.bias.double() - mean))
    first = model.decoder[0]
    assert isinstance(first, nn.Linear)
    _undo_before(first, mean, torch.linalg.inv(whitening))
    if isinstance(model.features.phase, nn.Linear):
        _undo_before(model.features.phase, mean, torch.linalg.inv(whitening))


def whitening_of(codes: Tensor) -> tuple[Tensor, Tensor]:
    """Mean [D] and ZCA whitening matrix [D, D] of codes [N, D], in double precision.

    Of all W that give unit covariance, V diag(1 / sqrt(lambda)) V^T moves the points least, so
    the plane keeps its orientation (Kessy, Lewin & Strimmer 2018). Directions without spread, which
    a few different pictures leave, get the scale of the widest one. Raises NotPublishable if the
    codes do not spread at all.
    """
    codes = codes.double()
    mean = codes.mean(dim=0)
    centred = codes - mean
    values, vectors = torch.linalg.eigh(centred.T @ centred / len(codes))
    widest = values.max()
    if not widest > 1e-12 * mean.square().max():
        raise NotPublishable(
            "cannot standardise: expected codes that spread, found all of them in one place"
        )
    scales = torch.where(values > 1e-12 * widest, values, widest).rsqrt()
    return mean, vectors @ torch.diag(scales) @ vectors.T


def _stack(
    config: ModelSection, inputs: int, hidden: tuple[int, ...], outputs: int
) -> nn.Sequential:
    layers: list[nn.Module] = []
    for size in hidden:
        layers.append(nn.Linear(inputs, size))
        if config.layer_norm:
            layers.append(nn.LayerNorm(size))
        layers.append(ACTIVATIONS[config.activation]())
        inputs = size
    return nn.Sequential(*layers, nn.Linear(inputs, outputs))


def _undo_before(layer: nn.Linear, mean: Tensor, colouring: Tensor) -> None:
    # The layer's last D inputs are z = colouring z' + mean; any others stay as they are.
    latent_dim = len(mean)
    weight = layer.weight.detach().double()
    on_latents = weight[:, -latent_dim:]
    bias = layer.bias.double() + on_latents @ mean
    _assign(layer, torch.cat([weight[:, :-latent_dim], on_latents @ colouring], dim=1), bias)


def _assign(layer: nn.Linear, weight: Tensor, bias: Tensor) -> None:
    with torch.no_grad():
        layer.weight.copy_(weight)
        layer.bias.copy_(bias)
