"""From a checkpoint to a published artifact that proved itself. It trains nothing."""

import json
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from pydantic import ValidationError
from torch import Tensor

from service.artifact.contract import Artifact, Reference
from service.artifact.errors import (
    ArtifactError as ArtifactError,  # for callers, who know no service
)
from service.artifact.load import PIXEL_TOLERANCE
from service.artifact.manifest import (
    Dataset,
    Description,
    GoldenImage,
    GoldenPoint,
    GoldenVectors,
    GridBounds,
    ImageSpec,
    LatentStatistics,
    Support,
    TrainingRecord,
)
from service.artifact.publish import write_artifact
from service.artifact.runtimes.torchscript import torchscript_allowed
from training import figures
from training.checkpoint import Checkpoint
from training.config import Config
from training.datasets import LabelledImages, TrainingData
from training.errors import CheckpointError, ExportMismatch, NotPublishable
from training.evaluation import as_images, decode_greys, encode_means, measure_parts
from training.measures import Space, compute_measures
from training.models import Autoencoder, build_model, fold_standardisation, whitening_of
from training.network import Network, PublishedNetwork

GOLDEN_COUNT = 4
EXAMINED_IMAGES = 256
LATENT_TOLERANCE = 1e-5  # absolute, and relative for an AE's coordinates of tens of units

Greys = npt.NDArray[np.uint8]


def publish(
    checkpoint: Checkpoint, data: TrainingData, held_out: LabelledImages, repository: Path
) -> Path:
    """Export a checkpoint as the next version of its model and return the version's folder.

    The held-out images describe the model: they choose nothing. Raises CheckpointError if the
    data are not the run's, NotPublishable, ExportMismatch and ArtifactError; nothing is
    published then.
    """
    if checkpoint.dataset_digest != data.digest:
        raise CheckpointError(
            f"expected the images the run was trained on, digest {checkpoint.dataset_digest}, "
            f"found {data.digest} ({data.name})"
        )
    model = restore_model(checkpoint, data)
    codes = encode_means(model, held_out.pixels)
    reference = _choose_reference(held_out, codes, checkpoint.config)
    return write_artifact(
        repository,
        _describe(checkpoint, model, data, held_out, reference),
        script(model),
        reference,
        _draw_figures(checkpoint, model, data, held_out, codes),
        examine=lambda artifact: check_same(artifact, model, held_out.pixels[:EXAMINED_IMAGES]),
    )


def restore_model(checkpoint: Checkpoint, data: TrainingData) -> Autoencoder:
    """The checkpoint's network on the CPU for inference, standardised if the config says so."""
    model = build_model(checkpoint.config, checkpoint.image_shape)
    model.load_state_dict(checkpoint.model)
    model.eval().requires_grad_(False)
    if checkpoint.config.export.standardise:
        fold_standardisation(model, *whitening_of(encode_means(model, data.training.pixels)))
    return model


def script(model: Autoencoder) -> torch.jit.ScriptModule:
    """TorchScript with the methods `encode` and `decode`; compiled, not traced."""
    with torchscript_allowed():
        scripted = torch.jit.script(model)
    assert isinstance(scripted, torch.jit.ScriptModule)
    return scripted


def check_same(artifact: Artifact, model: Network, pixels: Greys) -> None:
    """Compare a reloaded artifact with the model it was made of on pictures [N, H, W].

    Latents must agree within 1e-5, decoded pixels within one grey level. Raises ExportMismatch.
    """
    images = as_images(pixels)
    with torch.inference_mode():
        published = PublishedNetwork(artifact)
        expected, found = model.encode(images), published.encode(images)
        _check_close("means", found[0], expected[0], LATENT_TOLERANCE)
        _check_close("deviations", found[1], expected[1], LATENT_TOLERANCE)
        pictures = published.decode(expected[0])
        _check_close("pictures", pictures, model.decode(expected[0]), PIXEL_TOLERANCE)


def _check_close(what: str, found: Tensor, expected: Tensor, tolerance: float) -> None:
    if not torch.allclose(found, expected, atol=tolerance, rtol=LATENT_TOLERANCE):
        difference = (found - expected).abs().max().item()
        raise ExportMismatch(
            f"exported model: expected {what} within {tolerance:.2g} of the trained model's, "
            f"found {difference:.3g} off"
        )


def _choose_reference(held_out: LabelledImages, codes: Tensor, config: Config) -> Reference:
    generator = torch.Generator().manual_seed(config.seed)
    order = torch.randperm(len(codes), generator=generator)
    chosen = order[: config.export.reference_images].sort().values.numpy()
    return Reference(
        coordinates=codes.numpy()[chosen],
        labels=held_out.labels[chosen],
        thumbnails=held_out.pixels[chosen],
    )


def _describe(
    checkpoint: Checkpoint,
    model: Autoencoder,
    data: TrainingData,
    held_out: LabelledImages,
    reference: Reference,
) -> Description:
    config = checkpoint.config
    height, width = data.image_shape
    support_distance = _support_distance(reference.coordinates)
    try:
        return Description(
            name=config.name,
            kind=config.kind,
            created=datetime.now(UTC),
            latent_dim=config.model.latent_dim,
            image=ImageSpec(height=height, width=width),
            dataset=_describe_dataset(data),
            training=TrainingRecord(
                preset=config.preset,
                seed=config.seed,
                config=json.loads(config.model_dump_json()),
                metrics=_metrics(model, config, data, held_out),
                history=[dict(record) for record in checkpoint.history],
            ),
            latent_statistics=_latent_statistics(encode_means(model, data.training.pixels)),
            grid_bounds=GridBounds(**_grid_corners(config.model.latent_dim)),
            support=Support(distance=support_distance),
            measures=compute_measures(
                Space(model, data.training, held_out, reference, support_distance, config.seed)
            ),
            libraries=_libraries(),
            golden=_golden_vectors(model, held_out.pixels),
        )
    except ValidationError as exc:
        first = exc.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise NotPublishable(f"{exc.title} {place}: {first['msg']}, {first['input']!r}") from exc


def _describe_dataset(data: TrainingData) -> Dataset:
    return Dataset(
        name=data.name,
        digest=data.digest,
        class_names=list(data.class_names),
        training_images=len(data.training.labels),
        validation_images=len(data.validation.labels),
        held_out_images=data.held_out_count,
    )


def _libraries() -> dict[str, str]:
    names = ("numpy", "scikit-learn", "torch")
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in names}}


def _metrics(
    model: Autoencoder, config: Config, data: TrainingData, held_out: LabelledImages
) -> dict[str, float]:
    parts = measure_parts(model, config, data, held_out)
    return {
        f"{part}_{name}": value for part, terms in parts.items() for name, value in terms.items()
    }


def _latent_statistics(codes: Tensor) -> LatentStatistics:
    values = codes.double().numpy()
    lower, upper = np.percentile(values, [1, 99], axis=0)
    return LatentStatistics(
        mean=values.mean(axis=0).tolist(),
        standard_deviation=values.std(axis=0).tolist(),
        percentile_1=lower.tolist(),
        percentile_99=upper.tolist(),
    )


def _grid_corners(latent_dim: int) -> dict[str, list[float]]:
    return {
        "minimum": [-figures.GRID_BOUND] * latent_dim,
        "maximum": [figures.GRID_BOUND] * latent_dim,
    }


def _support_distance(coordinates: npt.NDArray[np.float32]) -> float:
    points = torch.from_numpy(coordinates).double()
    # By differences: the faster way by matrix product loses small distances to rounding.
    distances = torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist")
    nearest = distances.fill_diagonal_(torch.inf).min(dim=1).values
    return float(np.percentile(nearest.numpy(), 99))


def _golden_vectors(model: Autoencoder, pixels: Greys) -> GoldenVectors:
    # Images spread over the held-out ones; every second gives a point instead.
    spread = pixels[np.linspace(0, len(pixels) - 1, 2 * GOLDEN_COUNT).astype(int)]
    images = spread[0::2]
    with torch.inference_mode():
        means, deviations = model.encode(as_images(images))
        points = encode_means(model, spread[1::2])
    rows = zip(images, means.tolist(), deviations.tolist(), strict=True)
    pictures = zip(points.tolist(), decode_greys(model, points), strict=True)
    return GoldenVectors(
        images=[
            GoldenImage(pixels=image.tobytes(), mean=mean, standard_deviation=deviation)
            for image, mean, deviation in rows
        ],
        points=[
            GoldenPoint(latent=latent, pixels=picture.tobytes()) for latent, picture in pictures
        ],
    )


def _draw_figures(
    checkpoint: Checkpoint,
    model: Autoencoder,
    data: TrainingData,
    held_out: LabelledImages,
    codes: Tensor,
) -> Mapping[str, bytes]:
    shown = np.linspace(0, len(codes) - 1, figures.SHOWN_PICTURES).astype(int)
    drawn = {
        "figures/loss.png": figures.draw_loss_curves(checkpoint.history),
        "figures/reconstructions.png": figures.draw_reconstructions(
            held_out.pixels[shown], decode_greys(model, codes[shown])
        ),
    }
    if checkpoint.config.model.latent_dim != 2:
        return drawn
    points = torch.from_numpy(figures.grid_points(**_grid_corners(2)))
    return drawn | {
        "figures/grid.png": figures.draw_mosaic(decode_greys(model, points), figures.GRID_SIDE),
        "figures/latents.png": figures.draw_latent_plane(
            codes.numpy(), held_out.labels, data.class_names
        ),
    }
