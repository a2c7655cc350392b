"""What training minimises, in nats per image and by name. It updates nothing."""

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
    """The named terms of a batch [B, 1, H, W] in 0..1: the loss and what it is the sum of.

    With `noise_std` the encoder sees the images with Gaussian noise while the clean ones are to be
    drawn: a DAE's task (Vincent et al. 2008), and a regulariser of the others' encoders (Im et
    al. 2017). `code_penalty` times the squared length of the codes is added to the loss of an AE
    or DAE (Ghosh et al. 2020). A VAE decodes one sample of its posterior, z = mean + std * noise,
    so its loss is the negative ELBO (Kingma & Welling 2014, eq. 10).
    """
    seen = images
    if noise_std > 0:
        seen = images + noise_std * draw_noise(images, generator)
    mean, log_variance = model.posterior(seen)
    if not model.is_variational:
        return _without_prior(reconstruction(model.logits(mean), images), mean, code_penalty)
    latents = mean + torch.exp(0.5 * log_variance) * draw_noise(mean, generator)
    terms = {
        "reconstruction": reconstruction(model.logits(latents), images),
        "kl": kl_divergence(mean, log_variance),
    }
    return {"loss": terms["reconstruction"] + terms["kl"], **terms}


def reconstruction(logits: Tensor, images: Tensor) -> Tensor:
    """Binary cross-entropy of [B, 1, H, W], summed over pixels, averaged over images."""
    total = functional.binary_cross_entropy_with_logits(logits, images, reduction="sum")
    return total / len(images)


def kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, variance) || N(0, 1)) of [B, D], summed over D, averaged over images.

    Kingma & Welling 2014, appendix B.
    """
    total = -0.5 * (1 + log_variance - mean.square() - log_variance.exp()).sum()
    return total / len(mean)


def draw_noise(like: Tensor, generator: torch.Generator) -> Tensor:
    """Standard normal noise of a tensor's shape, on its device.

    It is drawn on the CPU, so that a run can be continued on another kind of device.
    """
    return torch.randn(like.shape, generator=generator).to(like.device)


def _without_prior(drawn: Tensor, codes: Tensor, code_penalty: float) -> dict[str, Tensor]:
    if code_penalty == 0:
        return {"loss": drawn, "reconstruction": drawn}
    penalty = code_penalty * codes.square().sum() / len(codes)
    return {"loss": drawn + penalty, "reconstruction": drawn, "penalty": penalty}
