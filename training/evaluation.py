"""Evaluates a network in nats per image on each part of the data.

It uses only the two methods that are served, so the figures hold for the published model.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import torch
from torch import Tensor

from service.artifact.contract import Artifact
from training.config import Config, DataSection, parse_config
from training.data.images import LabelledImages, Pictures, TrainingData
from training.data.loading import prepare
from training.data.source import Source
from training.data.split import split
from training.losses import draw_noise, kl_from_deviation, reconstruction_from_pixels
from training.network import Network, PublishedNetwork, image_batches

logger = logging.getLogger(__name__)

TRAINING_SAMPLE = 10_000  # as many as Fashion-MNIST holds out, so both figures are equally noisy

Terms = dict[str, float]


@dataclass(frozen=True)
class Evaluation:
    """An artifact's terms for each part of the data, beside those its manifest records."""

    name: str
    version: int
    kind: str
    nats_per_image: dict[str, Terms]
    recorded: Terms

    def as_json(self) -> str:
        return json.dumps(asdict(self), indent=2)

    def as_table(self) -> str:
        """One row per term, one column per part."""
        title = f"{self.name}/{self.version} ({self.kind}), nats per image"
        return f"{title}\n\n{_table(self.nats_per_image)}"


def evaluate_artifact(artifact: Artifact, source: Source) -> Evaluation:
    """Evaluate a published version on its training, validation and held-out images.

    Pictures of another form are fitted to the model, as the service does with uploads. If the data
    are not those of its training, only the held-out part is evaluated.
    Raises DataError and ConfigError.
    """
    manifest, network = artifact.manifest, PublishedNetwork(artifact)
    config = parse_config(json.dumps(manifest.training.config))
    preparation = prepare(source, config.data, manifest.image)
    is_its_own = preparation.prepared.digest == manifest.dataset.digest
    section = config.data if is_its_own else DataSection()
    data, held_out = split(preparation, section, config.seed)
    if is_its_own:
        parts = evaluate_parts(network, config, data, held_out)
    else:
        logger.warning(
            "%s: %s/%d was trained on other images, so only the held-out part is evaluated",
            source.path,
            manifest.name,
            manifest.version,
        )
        parts = {"held_out": evaluate_network(network, held_out.pixels, config)}
    recorded = dict(manifest.training.metrics)
    return Evaluation(manifest.name, manifest.version, manifest.kind, parts, recorded)


def evaluate_parts(
    network: Network, config: Config, data: TrainingData, held_out: LabelledImages
) -> dict[str, Terms]:
    """`evaluate_network` on the training, validation and held-out part; empty parts are left out.

    The training part is a seeded sample of at most 10,000 images. A model that does not over-fit
    has about the same loss on all three.
    """
    generator = torch.Generator().manual_seed(config.seed)
    order = torch.randperm(len(data.training.labels), generator=generator)
    sample = data.training.pixels[order[:TRAINING_SAMPLE].numpy()]
    parts: dict[str, Pictures] = {
        "training": sample,
        "validation": data.validation.pixels,
        "held_out": held_out.pixels,
    }
    return {
        part: evaluate_network(network, levels, config)
        for part, levels in parts.items()
        if len(levels) > 0
    }


@torch.inference_mode()
def evaluate_network(network: Network, levels: Pictures, config: Config) -> Terms:
    """Mean terms over levels [N, C, H, W], with noise of the config's seed.

    `loss`, `reconstruction` and a VAE's `kl` are what training minimises: for a VAE with one
    sample of the posterior, for a DAE from noisy inputs. `undisturbed_reconstruction` has
    neither: it compares decode(encode(x)) with x.
    """
    generator = torch.Generator().manual_seed(config.seed)
    totals: Terms = {}
    for images in image_batches(levels):
        for name, value in _batch_terms(network, images, config, generator).items():
            totals[name] = totals.get(name, 0.0) + value.item() * len(images)
    return {name: total / len(levels) for name, total in totals.items()}


def _batch_terms(
    network: Network, images: Tensor, config: Config, generator: torch.Generator
) -> dict[str, Tensor]:
    # Draws noise in the order of training.losses.training_terms.
    mean, deviation = network.encode(images)
    undisturbed = reconstruction_from_pixels(network.decode(mean), images)
    if config.kind == "vae":
        latents = mean + deviation * draw_noise(mean, generator)
        reconstruction = reconstruction_from_pixels(network.decode(latents), images)
        kl = kl_from_deviation(mean, deviation)
        terms = {"loss": reconstruction + kl, "reconstruction": reconstruction, "kl": kl}
    elif config.kind == "dae":
        noisy = images + config.task_noise_std * draw_noise(images, generator)
        reconstruction = reconstruction_from_pixels(
            network.decode(network.encode(noisy)[0]), images
        )
        terms = {"loss": reconstruction, "reconstruction": reconstruction}
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
