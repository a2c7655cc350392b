"""Loss terms in nats per image: what training minimises and evaluation reports."""

import torch
from torch import Tensor
from torch.nn import functional

from training.models import Autoencoder


def training_terms(
    model: Autoencoder,
    images: Tensor,
    generator: torch.Generator,
    noise_std: float,
    code_penalty: float,
) -> dict[str, Tensor]:
    """The loss of a batch [B, 1, H, W] in 0..1, and the named terms that it is the sum of.

    With `noise_std` the encoder sees images with Gaussian noise, and the decoder must give the
    clean ones: a DAE's task (Vincent et al. 2008), a regulariser for the others (Im et al. 2017).
    The loss of an AE or DAE includes `code_penalty` times the squared length of the codes (Ghosh
    et al. 2020). A VAE decodes one sample z = mean + std * noise of its posterior, so its loss is
    the negative ELBO (Kingma & Welling 2014, eq. 10).
    """
    inputs = images
    if noise_std > 0:
        inputs = images + noise_std * draw_noise(images, generator)
    mean, log_variance = model.posterior(inputs)
    if not model.is_variational:
        return _penalised(
            reconstruction_from_logits(model.logits(mean), images), mean, code_penalty
        )
    latents = mean + torch.exp(0.5 * log_variance) * draw_noise(mean, generator)
    terms = {
        "reconstruction": reconstruction_from_logits(model.logits(latents), images),
        "kl": kl_divergence(mean, log_variance),
    }
    return {"loss": terms["reconstruction"] + terms["kl"], **terms}


def reconstruction_from_logits(logits: Tensor, images: Tensor) -> Tensor:
    """Binary cross-entropy of [B, 1, H, W], summed over pixels, averaged over images."""
    total = functional.binary_cross_entropy_with_logits(logits, images, reduction="sum")
    return total / len(images)


def reconstruction_from_pixels(decoded: Tensor, images: Tensor) -> Tensor:
    """`reconstruction_from_logits` for decoded pixels in 0..1, in double precision.

    A pixel that float32 rounded to 0 or 1 is moved inside by half a rounding step, so that its
    logarithm is finite and close to that of the logit.
    """
    smallest = torch.finfo(torch.float32).tiny
    inside = decoded.double().clamp(smallest, 1 - 2.0**-25)
    nats = -(images * inside.log() + (1 - images) * torch.log1p(-inside))
    return nats.sum() / len(images)


def kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, variance) || N(0, 1)) of [B, D], summed over D, averaged over images.

    Kingma & Welling 2014, appendix B.
    """
    total = -0.5 * (1 + log_variance - mean.square() - log_variance.exp()).sum()
    return total / len(mean)


def kl_from_deviation(mean: Tensor, deviation: Tensor) -> Tensor:
    """`kl_divergence` for standard deviations >= 0 [B, D], in double precision."""
    smallest = torch.finfo(deviation.dtype).tiny
    return kl_divergence(mean.double(), 2 * deviation.double().clamp(min=smallest).log())


def draw_noise(like: Tensor, generator: torch.Generator) -> Tensor:
    """Standard normal noise of a tensor's shape, on its device.

    Drawn on the CPU, so that a run can continue on another kind of device.
    """
    return torch.randn(like.shape, generator=generator).to(like.device)


def _penalised(reconstruction: Tensor, codes: Tensor, code_penalty: float) -> dict[str, Tensor]:
    if code_penalty == 0:
        return {"loss": reconstruction, "reconstruction": reconstruction}
    penalty = code_penalty * codes.square().sum() / len(codes)
    return {
        "loss": reconstruction + penalty,
        "reconstruction": reconstruction,
        "penalty": penalty,
    }
