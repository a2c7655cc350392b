"""How well a model draws images: nats per image on each part of the data. It changes no model.

It sees a model only through the two methods that are served, so that what it measures is what
is published: reconstruction is computed from pixel probabilities rather than logits.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from service.artifact.load import load_artifact
from training.config import Config, parse_config
from training.datasets import (
    LabelledImages,
    TrainingData,
    images_digest,
    load_held_out,
    load_training_data,
)
from training.errors import DataError
from training.losses import draw_noise, kl_divergence
from training.network import Network, PublishedNetwork

logger = logging.getLogger(__name__)

BATCH = 1000  # images; a matter of memory alone
TRAINING_SAMPLE = 10_000  # as many as Fashion-MNIST holds out, so that neither part is noisier

Terms = dict[str, float]


@dataclass(frozen=True)
class Evaluation:
    """Figures of an artifact by part of the data and name of term, beside those it records."""

    name: str
    version: int
    kind: str
    nats_per_image: dict[str, Terms]
    recorded: Terms

    def as_json(self) -> str:
        """One JSON object."""
        return json.dumps(asdict(self), indent=2)

    def as_table(self) -> str:
        """A row a term, a column a part."""
        title = f"{self.name}/{self.version} ({self.kind}), nats per image"
        return f"{title}\n\n{_table(self.nats_per_image)}"


def evaluate_artifact(folder: Path, data_folder: Path) -> Evaluation:
    """Measure a published version on the held-out images and on those it was fitted with.

    If the data are not those of its training, only the held-out part means anything, and only
    that is measured. Raises ArtifactError, DataError and ConfigError.
    """
    artifact = load_artifact(folder)
    manifest = artifact.manifest
    config = parse_config(json.dumps(manifest.training.config))
    held_out = load_held_out(data_folder)
    expected = (manifest.image.height, manifest.image.width)
    if held_out.pixels.shape[1:] != expected:
        raise DataError(
            f"{data_folder}: expected pictures of {expected}, found {held_out.pixels.shape[1:]}"
        )
    if images_digest(data_folder) == manifest.dataset.digest:
        data = load_training_data(data_folder, config.data.validation_images, config.seed)
        parts = measure_parts(PublishedNetwork(artifact), config, data, held_out)
    else:
        logger.warning(
            "%s: these are not the images that %s was trained on, so only the held-out part counts",
            data_folder,
            folder,
        )
        parts = {"held_out": measure(PublishedNetwork(artifact), held_out.pixels, config)}
    return Evaluation(
        manifest.name, manifest.version, manifest.kind, parts, dict(manifest.training.metrics)
    )


def measure_parts(
    model: Network, config: Config, data: TrainingData, held_out: LabelledImages
) -> dict[str, Terms]:
    """The terms of `measure` for the training, validation and held-out part.

    Of the training images it takes a seeded sample of at most 10,000. That the three agree is
    how one sees that a model does not over-fit.
    """
    generator = torch.Generator().manual_seed(config.seed)
    order = torch.randperm(len(data.training.labels), generator=generator)
    sample = data.training.pixels[order[:TRAINING_SAMPLE].numpy()]
    parts = {"training": sample, "validation": data.validation.pixels, "held_out": held_out.pixels}
    return {
        part: measure(model, pixels, config) for part, pixels in parts.items() if len(pixels) > 0
    }


@torch.inference_mode()
def measure(model: Network, pixels: npt.NDArray[np.uint8], config: Config) -> Terms:
    """Means over pictures [N, H, W], with noise of the config's seed.

    `loss`, `reconstruction` and a VAE's `kl` are those that training minimises: for a VAE with
    one sample of the posterior, for a DAE from noisy inputs. `undisturbed_reconstruction` is
    without either: what decode(encode(x)) gives.
    """
    generator = torch.Generator().manual_seed(config.seed)
    totals: Terms = {}
    for start in range(0, len(pixels), BATCH):
        images = as_images(pixels[start : start + BATCH])
        for name, value in _batch_terms(model, images, config, generator).items():
            totals[name] = totals.get(name, 0.0) + value.item() * len(images)
    return {name: total / len(pixels) for name, total in totals.items()}


@torch.inference_mode()
def encode_means(model: Network, pixels: npt.NDArray[np.uint8]) -> Tensor:
    """Pictures [N, H, W] -> their posterior means [N, D]."""
    starts = range(0, len(pixels), BATCH)
    return torch.cat(
        [model.encode(as_images(pixels[start : start + BATCH]))[0] for start in starts]
    )


@torch.inference_mode()
def decode_greys(model: Network, points: Tensor) -> npt.NDArray[np.uint8]:
    """Points [N, D] -> their pictures [N, H, W] in grey levels, rounded to the nearest."""
    pictures = model.decode(points).squeeze(1)
    return (pictures * 255).round().to(torch.uint8).numpy()


def as_images(pixels: npt.NDArray[np.uint8]) -> Tensor:
    """Grey levels [N, H, W] -> [N, 1, H, W] in 0..1."""
    return torch.from_numpy(pixels.astype(np.float32) / np.float32(255)).unsqueeze(1)


def reconstruction_of(probabilities: Tensor, images: Tensor) -> Tensor:
    """Binary cross-entropy of [B, 1, H, W], summed over pixels, averaged over images.

    Probabilities that float32 rounded to 0 or 1 are taken half a rounding step inside, for a
    logarithm that is finite and near that of the logits.
    """
    tiny = torch.finfo(torch.float32).tiny
    inside = probabilities.double().clamp(tiny, 1 - 2.0**-25)
    nats = -(images * inside.log() + (1 - images) * torch.log1p(-inside))
    return nats.sum() / len(images)


def _batch_terms(
    model: Network, images: Tensor, config: Config, generator: torch.Generator
) -> dict[str, Tensor]:
    # The noise is drawn as in training.losses.training_terms.
    undisturbed = reconstruction_of(model.decode(model.encode(images)[0]), images)
    if config.kind == "vae":
        mean, deviation = model.encode(images)
        latents = mean + deviation * draw_noise(mean, generator)
        drawn = reconstruction_of(model.decode(latents), images)
        smallest = torch.finfo(deviation.dtype).tiny
        kl = kl_divergence(mean.double(), 2 * deviation.double().clamp(min=smallest).log())
        terms = {"loss": drawn + kl, "reconstruction": drawn, "kl": kl}
    elif config.kind == "dae":
        noisy = images + config.task_noise_std * draw_noise(images, generator)
        drawn = reconstruction_of(model.decode(model.encode(noisy)[0]), images)
        terms = {"loss": drawn, "reconstruction": drawn}
    else:
        terms = {"loss": undisturbed, "reconstruction": undisturbed}
    return {**terms, "undisturbed_reconstruction": undisturbed}


def _table(parts: Mapping[str, Terms]) -> str:
    names = list(dict.fromkeys(name for terms in parts.values() for name in terms))
    label_width = max(map(len, names))
    rows = [" " * label_width + "".join(f"{part.replace('_', '-'):>12}" for part in parts)]
    for name in names:
        values = "".join(f"{terms[name]:12.2f}" for terms in parts.values())
        rows.append(f"{name.replace('_', ' '):<{label_width}}{values}")
    return "\n".join(rows)
