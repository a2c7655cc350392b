import dataclasses
import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from service.artifact.arrays import Floats
from service.artifact.contract import Artifact
from service.artifact.errors import ArtifactError
from service.artifact.load import load_artifact
from tests.training.tiny import (
    load,
    make_trainer,
    published,
    tiny_config,
    write_data,
)
from training import export
from training.checkpoint import Checkpoint, load_checkpoint
from training.errors import CheckpointError, ExportMismatch
from training.export import check_same, restore_model
from training.models import Autoencoder
from training.network import PublishedNetwork, as_images, encode_means


def visible(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_artifact_computes_what_the_trained_model_does(
    checkpoint: Checkpoint, data_dir: Path, tmp_path: Path
) -> None:
    data = load(data_dir, seed=checkpoint.config.seed).training
    eager = restore_model(checkpoint, data)
    images = as_images(load(data_dir).held_out.pixels[:])

    served = PublishedNetwork(load_artifact(published(checkpoint, data_dir, tmp_path)))

    mean, deviation = served.encode(images)
    torch.testing.assert_close((mean, deviation), eager.encode(images), atol=1e-4, rtol=1e-5)
    torch.testing.assert_close(served.decode(mean), eager.decode(mean), atol=1 / 255, rtol=0)


def test_version_has_four_figures(
    vae_checkpoint: Checkpoint, data_dir: Path, tmp_path: Path
) -> None:
    folder = published(vae_checkpoint, data_dir, tmp_path)

    names = ("grid", "latents", "loss", "reconstructions")
    assert visible(folder) == [
        "decode.onnx",
        "encode.onnx",
        *(f"figures/{name}.png" for name in names),
        "manifest.json",
        "model.pt",
        "reference.npz",
    ]


def test_grid_of_28_pixel_images_is_588_pixels_wide(tmp_path: Path) -> None:
    data_dir = write_data(tmp_path / "data", side=28)
    make_trainer(tiny_config("vae", "training.epochs=1"), data_dir, tmp_path / "run").fit()
    folder = published(load_checkpoint(tmp_path / "run"), data_dir, tmp_path / "repository")

    image = Image.open(io.BytesIO((folder / "figures/grid.png").read_bytes()))

    assert (image.size, image.mode) == ((588, 588), "L")
    corner = PublishedNetwork(load_artifact(folder)).decode(torch.tensor([[-4.0, 4.0]]))
    difference = np.asarray(image)[:28, :28] - 255 * corner[0, 0].numpy()
    assert np.abs(difference).max() <= 1


@pytest.mark.parametrize("latent_dim", [1, 3])
def test_space_of_other_dimensions_has_no_grid(
    latent_dim: int, data_dir: Path, tmp_path: Path
) -> None:
    config = tiny_config("ae", f"model.latent_dim={latent_dim}")
    make_trainer(config, data_dir, tmp_path / "run").fit()

    folder = published(load_checkpoint(tmp_path / "run"), data_dir, tmp_path / "repository")

    figures = {path.name for path in (folder / "figures").iterdir()}
    assert figures == {"loss.png", "reconstructions.png"}
    assert load_artifact(folder).manifest.grid_bounds.minimum == [-4.0] * latent_dim


def test_reference_holds_held_out_images_and_their_codes(
    vae_checkpoint: Checkpoint, data_dir: Path, tmp_path: Path
) -> None:
    artifact = load_artifact(published(vae_checkpoint, data_dir, tmp_path))

    reference = artifact.reference

    assert len(reference.labels) == vae_checkpoint.config.export.reference_images == 50
    held_out = set(map(bytes, load(data_dir).held_out.pixels[:]))
    assert all(bytes(thumbnail) in held_out for thumbnail in reference.thumbnails)
    codes = encode_means(PublishedNetwork(artifact), reference.thumbnails[:, None])
    np.testing.assert_allclose(codes, reference.coordinates, atol=1e-5)


def test_publishing_again_makes_the_next_version(
    vae_checkpoint: Checkpoint, data_dir: Path, tmp_path: Path
) -> None:
    first = published(vae_checkpoint, data_dir, tmp_path)
    before = (first / "manifest.json").read_bytes()

    second = published(vae_checkpoint, data_dir, tmp_path)

    assert (first.name, second.name) == ("1", "2")
    assert (first / "manifest.json").read_bytes() == before


def test_mismatch_is_refused_and_leaves_nothing_behind(
    vae_checkpoint: Checkpoint, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ExportMismatch("expected one thing, found another")

    monkeypatch.setattr(export, "check_same", refuse)

    with pytest.raises(ExportMismatch):
        published(vae_checkpoint, data_dir, tmp_path)

    assert visible(tmp_path) == []


def test_script_with_other_weights_is_refused(
    vae_checkpoint: Checkpoint, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = export.script

    def script_of_other_weights(model: Autoencoder) -> torch.jit.ScriptModule:
        other = script(model)
        other.load_state_dict({name: 1.01 * value for name, value in model.state_dict().items()})
        return other

    original = {name: value.clone() for name, value in vae_checkpoint.model.items()}
    monkeypatch.setattr(export, "script", script_of_other_weights)

    with pytest.raises((ExportMismatch, ArtifactError)):
        published(vae_checkpoint, data_dir, tmp_path)

    assert visible(tmp_path) == []
    assert all(torch.equal(original[name], vae_checkpoint.model[name]) for name in original)


class Shifted:
    """A model with a small error in one method."""

    def __init__(self, model: Autoencoder, encode: float, decode: float) -> None:
        self.model, self.encode_shift, self.decode_shift = model, encode, decode

    def encode(self, images: Floats) -> tuple[Floats, Floats]:
        mean, deviation = self.model.encode(torch.from_numpy(images))
        return (mean + self.encode_shift).numpy(), deviation.numpy()

    def decode(self, latents: Floats) -> Floats:
        return (self.model.decode(torch.from_numpy(latents)) + self.decode_shift).numpy()


@pytest.mark.parametrize(
    ("encode", "decode", "what"), [(1e-3, 0.0, "means"), (0.0, 2 / 255, "pictures")]
)
def test_small_differences_are_found_and_named(
    encode: float,
    decode: float,
    what: str,
    vae_checkpoint: Checkpoint,
    data_dir: Path,
    tmp_path: Path,
) -> None:
    data = load(data_dir, seed=vae_checkpoint.config.seed).training
    model = restore_model(vae_checkpoint, data)
    artifact = load_artifact(published(vae_checkpoint, data_dir, tmp_path))
    shifted: Artifact = dataclasses.replace(artifact, model=Shifted(model, encode, decode))

    with pytest.raises(ExportMismatch, match=what):
        check_same(shifted, model, load(data_dir).held_out.pixels[:])


def test_checkpoint_of_other_data_is_refused(
    vae_checkpoint: Checkpoint, data_dir: Path, tmp_path: Path
) -> None:
    other = dataclasses.replace(vae_checkpoint, dataset_digest="0" * 64)

    with pytest.raises(CheckpointError, match="0000"):
        published(other, data_dir, tmp_path)
