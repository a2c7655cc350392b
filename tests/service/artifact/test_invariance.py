"""With ONNX Runtime, a row's answer has the same bits whatever else is in its batch."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from service.artifact.arrays import Floats
from service.artifact.errors import ModelUnreadable
from service.artifact.invariance import PUBLISHED_SIZES, is_batch_invariant
from service.artifact.load import load_artifact
from service.artifact.runtimes.onnx import OnnxModel, load_onnx
from tests import tiny
from training.onnx_export import export_onnx

SHAPES = {"dense": (1, 7, 5), "grey": (1, 12, 12), "colour": (3, 12, 12)}
LATENT_DIM = 3


class Dense(nn.Module):
    """A dense VAE. None of its layers is a whole number of vectors wide."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(35, 21), nn.SiLU(), nn.Linear(21, 2 * LATENT_DIM))
        self.phase = nn.Linear(LATENT_DIM, 21)
        self.decoder = nn.Linear(21, 35)

    @torch.jit.export
    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        mean, spread = self.encoder(images.flatten(1)).chunk(2, dim=1)
        return mean, nn.functional.softplus(spread)

    @torch.jit.export
    def decode(self, latents: Tensor) -> Tensor:
        pixels = self.decoder(torch.sin(self.phase(latents)))
        return torch.sigmoid(pixels).reshape(-1, 1, 7, 5)


class Convolutional(nn.Module):
    """A convolutional VAE whose softplus and sines are no whole number of vectors wide."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.down = nn.Conv2d(channels, 5, 3, stride=2, padding=1)
        self.code = nn.Linear(5 * 36, 2 * LATENT_DIM)
        self.seed = nn.Linear(LATENT_DIM, 5 * 36)
        self.up = nn.ConvTranspose2d(5, channels, 4, stride=2, padding=1)

    @torch.jit.export
    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        features = nn.functional.silu(self.down(images))
        mean, spread = self.code(features.flatten(1)).chunk(2, dim=1)
        return mean, nn.functional.softplus(spread)

    @torch.jit.export
    def decode(self, latents: Tensor) -> Tensor:
        features = torch.sin(self.seed(latents)).reshape(-1, 5, 6, 6)
        return torch.sigmoid(self.up(features))


def load(folder: Path, kind: str, threads: int) -> OnnxModel:
    torch.manual_seed(3)
    model = Dense() if kind == "dense" else Convolutional(SHAPES[kind][0])
    for name, content in export_onnx(tiny.script(model.eval()), SHAPES[kind], LATENT_DIM).items():
        (folder / name).write_bytes(content)
    return load_onnx(folder / "encode.onnx", folder / "decode.onnx", threads)


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("kind", SHAPES)
def test_no_bit_depends_on_the_batch(kind: str, threads: int, tmp_path: Path) -> None:
    model = load(tmp_path, kind, threads)

    assert is_batch_invariant(model, SHAPES[kind], LATENT_DIM, PUBLISHED_SIZES)


class DependsOnItsBatch:
    """A model whose first answer moves by the smallest step in a batch of 5."""

    def __init__(self, part: str) -> None:
        self.part = part

    def encode(self, images: Floats) -> tuple[Floats, Floats]:
        mean, deviation = images.sum(axis=(1, 2, 3))[:, None], images.max(axis=(1, 2, 3))[:, None]
        return self.moved("mean", mean), self.moved("deviation", deviation)

    def decode(self, latents: Floats) -> Floats:
        return self.moved("pixels", np.abs(latents)[:, :, None, None])

    def moved(self, part: str, values: Floats) -> Floats:
        if part == self.part and len(values) == 5:
            values[0] = np.nextafter(values[0], np.float32(np.inf))
        return values


@pytest.mark.parametrize("part", ["mean", "deviation", "pixels"])
def test_smallest_difference_is_found(part: str) -> None:
    model = DependsOnItsBatch(part)

    assert is_batch_invariant(model, (1, 2, 2), 1, [2, 3, 4, 6])
    assert not is_batch_invariant(model, (1, 2, 2), 1, [2, 3, 4, 5])


class FailsOnSix(DependsOnItsBatch):
    def decode(self, latents: Floats) -> Floats:
        assert len(latents) != 6
        return super().decode(latents)


def test_model_that_fails_on_a_batch_size_is_refused() -> None:
    with pytest.raises(ModelUnreadable, match="fails on a batch of 6"):
        is_batch_invariant(FailsOnSix("none"), (1, 2, 2), 1, [6])


def test_version_that_varies_on_this_machine_is_served_without_gathering(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tiny.publish(tmp_path)
    assert load_artifact(folder).is_batch_invariant

    monkeypatch.setattr("service.artifact.load.is_batch_invariant", lambda *_: False)

    artifact = load_artifact(folder)
    assert artifact.manifest.programs.onnx is not None
    assert artifact.manifest.programs.onnx.batch_invariant
    assert not artifact.is_batch_invariant
