"""Describes a trained model for its manifest: statistics, measures and golden vectors."""

import json
import logging
import platform
from datetime import UTC, datetime
from importlib import metadata

import numpy as np
import torch
from pydantic import ValidationError
from torch import Tensor

from service.artifact.contract import Reference
from service.artifact.manifest import (
    Dataset,
    Description,
    GoldenImage,
    GoldenPoint,
    GoldenVectors,
    GridBounds,
    ImageSpec,
    LatentSpec,
    LatentStatistics,
    NetworkOutputs,
    Support,
    TrainingRecord,
)
from training.checkpoint import Checkpoint
from training.data.images import LabelledImages, Pictures, TrainingData
from training.errors import NotPublishable
from training.evaluation import evaluate_parts
from training.figures import GRID_BOUND
from training.measures import Space, compute_measures
from training.network import Network, decode_levels, encode_levels, encode_means

logger = logging.getLogger(__name__)

GOLDEN_COUNT = 4


def describe(
    checkpoint: Checkpoint,
    network: Network,
    data: TrainingData,
    held_out: LabelledImages,
    reference: Reference,
) -> Description:
    """The manifest's content for the network of a checkpoint. Raises NotPublishable."""
    config = checkpoint.config
    height, width = data.image_shape
    distance = _support_distance(reference)
    logger.info("evaluating the model on training, validation and held-out pictures")
    parts = evaluate_parts(network, config, data, held_out)
    corner = [GRID_BOUND] * config.model.latent_dim
    space = Space(network, data.training, held_out, reference, distance, config.seed)
    logger.info("measuring the latent space")
    measures = compute_measures(space)
    try:
        return Description(
            name=config.name,
            kind=config.kind,
            created=datetime.now(UTC),
            latent_dim=config.model.latent_dim,
            latent=LatentSpec(
                shape=[config.model.latent_dim], has_standard_deviation=config.kind == "vae"
            ),
            image=ImageSpec(height=height, width=width),
            network_outputs=NetworkOutputs(
                encoder="mean_and_standard_deviation" if config.kind == "vae" else "mean",
                decoder="pixels",
            ),
            dataset=Dataset(
                name=data.name,
                digest=data.digest,
                class_names=list(data.class_names),
                training_images=len(data.training.labels),
                validation_images=len(data.validation.labels),
                held_out_images=data.held_out_count,
            ),
            training=TrainingRecord(
                preset=config.preset,
                seed=config.seed,
                config=json.loads(config.model_dump_json()),
                metrics={
                    f"{p}_{name}": v for p, terms in parts.items() for name, v in terms.items()
                },
                history=[dict(record) for record in checkpoint.history],
            ),
            latent_statistics=latent_statistics(encode_means(network, data.training.pixels)),
            grid_bounds=GridBounds(minimum=[-end for end in corner], maximum=corner),
            support=Support(distance=distance),
            measures=measures,
            libraries=_library_versions(),
            golden=_golden_vectors(network, held_out.pixels),
        )
    except ValidationError as exc:
        first = exc.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise NotPublishable(f"{exc.title} {place}: {first['msg']}, {first['input']!r}") from exc


def latent_statistics(codes: Tensor) -> LatentStatistics:
    """Of codes [N, D]. Raises NotPublishable if a dimension has the same value for all."""
    values = codes.double().numpy()
    lower, upper = np.percentile(values, [1, 99], axis=0)
    # Where nearly all pictures are the same one, both percentiles are its code.
    is_flat = lower == upper
    lower[is_flat], upper[is_flat] = values.min(axis=0)[is_flat], values.max(axis=0)[is_flat]
    if (lower == upper).any():
        (collapsed,) = np.nonzero(lower == upper)
        raise NotPublishable(
            "expected codes that differ in every latent dimension, found the same value for all "
            f"training pictures in z{collapsed.tolist()}: the codes collapsed"
        )
    return LatentStatistics(
        mean=values.mean(axis=0).tolist(),
        standard_deviation=values.std(axis=0).tolist(),
        percentile_1=lower.tolist(),
        percentile_99=upper.tolist(),
    )


def _library_versions() -> dict[str, str]:
    names = ("numpy", "onnx", "onnxruntime", "scikit-learn", "torch")
    versions = {name: metadata.version(name) for name in names}
    return {"python": platform.python_version(), **versions}


def _support_distance(reference: Reference) -> float:
    # Of different pictures: a repeated one is no distance away from itself.
    _, different = np.unique(reference.thumbnails, axis=0, return_index=True)
    points = torch.from_numpy(reference.coordinates[np.sort(different)]).double()
    # By differences: the faster way, by matrix product, loses small distances to rounding.
    distances = torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist")
    nearest = distances.fill_diagonal_(torch.inf).min(dim=1).values
    distance = float(np.percentile(nearest.numpy(), 99))
    if not 0 < distance < np.inf:
        raise NotPublishable(
            f"expected different codes for different pictures, found that "
            f"{len(different)} different reference pictures lie in one place"
        )
    return distance


def _golden_vectors(network: Network, levels: Pictures) -> GoldenVectors:
    # Held-out images at equal steps; every second one gives a point instead.
    spread = levels[np.linspace(0, len(levels) - 1, 2 * GOLDEN_COUNT).astype(int)]
    images, points = spread[0::2], encode_means(network, spread[1::2])
    means, deviations = encode_levels(network, images)
    rows = zip(images, means.tolist(), deviations.tolist(), strict=True)
    decoded = zip(points.tolist(), decode_levels(network, points), strict=True)
    return GoldenVectors(
        images=[
            GoldenImage(pixels=image.tobytes(), mean=mean, standard_deviation=deviation)
            for image, mean, deviation in rows
        ],
        points=[GoldenPoint(latent=latent, pixels=image.tobytes()) for latent, image in decoded],
    )
