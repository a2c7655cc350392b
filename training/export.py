"""Publishes a checkpoint as an artifact, after checking that it computes what the model does."""

import io
import logging
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from service.artifact.arrays import Levels
from service.artifact.contract import MODEL_FILE, Artifact, Reference
from service.artifact.load import LATENT_TOLERANCE, PIXEL_TOLERANCE
from service.artifact.publish import write_artifact
from service.artifact.runtimes.torchscript import torchscript_allowed
from training import figures
from training.checkpoint import Checkpoint
from training.config import Config
from training.data.images import LabelledImages, TrainingData
from training.description import describe
from training.errors import CheckpointError, ExportMismatch
from training.models import Autoencoder, build_model, fold_standardisation, whitening_of
from training.network import Network, PublishedNetwork, as_images, decode_levels, encode_means
from training.onnx_export import export_onnx

logger = logging.getLogger(__name__)

CHECKED_IMAGES = 256
RELATIVE_TOLERANCE = 1e-5  # for an AE's coordinates of tens of units


def publish(
    checkpoint: Checkpoint, data: TrainingData, held_out: LabelledImages, repository: Path
) -> Path:
    """Export a checkpoint as the next version of its model and return the version's folder.

    The held-out images only describe the model; they choose nothing. Raises CheckpointError for
    other data than the run's, NotPublishable, ExportMismatch and ArtifactError; then nothing is
    published.
    """
    if checkpoint.dataset_digest != data.digest:
        raise CheckpointError(
            f"expected the images the run was trained on, digest {checkpoint.dataset_digest}, "
            f"found {data.digest} ({data.name})"
        )
    model = restore_model(checkpoint, data)
    codes = encode_means(model, held_out.pixels)
    reference = _choose_reference(held_out, codes, checkpoint.config)
    description = describe(checkpoint, model, data, held_out, reference)
    logger.info("drawing figures")
    drawn = _draw_figures(checkpoint, model, data, held_out, codes)
    logger.info("writing and checking the artifact")
    return write_artifact(
        repository,
        description,
        programs(script(model), data.image_shape, checkpoint.config.model.latent_dim),
        reference,
        drawn,
        examine=lambda artifact: check_same(artifact, model, held_out.pixels[:CHECKED_IMAGES]),
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


def programs(
    scripted: torch.jit.ScriptModule, image_shape: tuple[int, int], latent_dim: int
) -> Mapping[str, bytes]:
    """The files that run the model, by name: `model.pt`, and ONNX beside it.

    `image_shape` is (height, width).
    """
    return {
        MODEL_FILE: write_torchscript(scripted),
        **export_onnx(scripted, (1, *image_shape), latent_dim),
    }


def write_torchscript(scripted: torch.jit.ScriptModule) -> bytes:
    """The content of a `model.pt`."""
    file = io.BytesIO()
    with torchscript_allowed():
        torch.jit.save(scripted, file)
    return file.getvalue()


@torch.inference_mode()
def check_same(artifact: Artifact, network: Network, levels: Levels) -> None:
    """Compare a reloaded artifact with its original on levels [N, C, H, W].

    Latents must agree within 1e-4, pixels within one grey level. Raises ExportMismatch.
    """
    images, published = as_images(levels), PublishedNetwork(artifact)
    expected, found = network.encode(images), published.encode(images)
    _check_close("means", found[0], expected[0], LATENT_TOLERANCE)
    _check_close("deviations", found[1], expected[1], LATENT_TOLERANCE)
    decoded = published.decode(expected[0])
    _check_close("pictures", decoded, network.decode(expected[0]), PIXEL_TOLERANCE)


def _check_close(what: str, found: Tensor, expected: Tensor, tolerance: float) -> None:
    if not torch.allclose(found, expected, atol=tolerance, rtol=RELATIVE_TOLERANCE):
        difference = (found - expected).abs().max().item()
        raise ExportMismatch(
            f"exported model: expected {what} within {tolerance:.2g} of the trained model's, "
            f"found a difference of {difference:.3g}"
        )


def _choose_reference(held_out: LabelledImages, codes: Tensor, config: Config) -> Reference:
    generator = torch.Generator().manual_seed(config.seed)
    order = torch.randperm(len(codes), generator=generator)
    chosen = order[: config.export.reference_images].sort().values.numpy()
    return Reference(
        coordinates=codes.numpy()[chosen],
        labels=held_out.labels[chosen],
        thumbnails=held_out.pixels[chosen][:, 0],
    )


def _draw_figures(
    checkpoint: Checkpoint,
    model: Autoencoder,
    data: TrainingData,
    held_out: LabelledImages,
    codes: Tensor,
) -> Mapping[str, bytes]:
    """PNGs by file name; a space that is not a plane has neither grid nor latents."""
    shown = np.linspace(0, len(codes) - 1, figures.MAX_COLUMNS).astype(int)
    drawn = {
        "figures/loss.png": figures.draw_loss_curves(checkpoint.history),
        "figures/reconstructions.png": figures.draw_reconstructions(
            held_out.pixels[shown], decode_levels(model, codes[shown])
        ),
    }
    if model.latent_dim != 2:
        return drawn
    grid = decode_levels(model, torch.from_numpy(figures.grid_points()))
    return drawn | {
        "figures/grid.png": figures.draw_mosaic(grid, figures.GRID_SIDE),
        "figures/latents.png": figures.draw_latent_plane(
            codes.numpy(), held_out.labels, data.class_names
        ),
    }
