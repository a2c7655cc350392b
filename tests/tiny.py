"""Publishes tiny real artifacts: a linear autoencoder of 6 x 5 or 28 x 28 pictures."""

import datetime
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor, nn

from service.artifact.contract import Artifact, Reference
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
    Measure,
    NetworkOutputs,
    Support,
    TrainingRecord,
)
from service.artifact.publish import write_artifact
from service.artifact.runtimes.torchscript import torchscript_allowed
from training.export import programs as write_programs
from training.export import write_torchscript

LATENT_DIM = 2
BATCH_SIZES = (2, 3, 17)  # enough for a layer or two, and quick


class TinyAutoencoder(nn.Module):
    """One dense layer each way. It is an AE if `deviation` is 0, otherwise a VAE."""

    def __init__(
        self,
        height: int = 28,
        width: int = 28,
        deviation: float = 0.5,
        seed: int | None = None,
        latent_dim: int = LATENT_DIM,
    ) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(height * width if seed is None else seed)
        self.height, self.width, self.deviation = height, width, deviation
        self.latent_dim = latent_dim
        self.encoder = nn.Linear(height * width, latent_dim)
        self.decoder = nn.Linear(latent_dim, height * width)
        self.dropout = nn.Dropout(0.5)  # changes the answers unless the model is in eval mode
        for parameter in self.parameters():
            nn.init.normal_(parameter, std=0.3, generator=generator)

    @torch.jit.export
    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        mean = self.encoder(self.dropout(images.flatten(1)))
        return mean, torch.full_like(mean, self.deviation)

    @torch.jit.export
    def decode(self, latents: Tensor) -> Tensor:
        pixels = torch.sigmoid(self.decoder(self.dropout(latents)))
        return pixels.reshape(-1, 1, self.height, self.width)


def script(model: nn.Module) -> torch.jit.ScriptModule:
    """The model as TorchScript, in its current mode (train or eval)."""
    with torchscript_allowed():
        scripted: torch.jit.ScriptModule = torch.jit.script(model)
    return scripted


def torchscript(model: nn.Module) -> bytes:
    """The content of a `model.pt`."""
    return write_torchscript(script(model))


def both_programs(model: TinyAutoencoder) -> Mapping[str, bytes]:
    """The files of both runtimes."""
    return write_programs(script(model), (model.height, model.width), model.latent_dim)


def publish(
    repository: Path,
    name: str = "vae",
    height: int = 28,
    width: int = 28,
    seed: int | None = None,
    latent_dim: int = LATENT_DIM,
) -> Path:
    """Publish the next version of a tiny model and return its folder."""
    deviation = 0.5 if name == "vae" else 0.0
    model = TinyAutoencoder(height, width, deviation, seed, latent_dim).eval()
    return write_artifact(
        repository,
        describe(model, name),
        both_programs(model),
        reference(model),
        {"figures/note.txt": b"a figure"},
        examine=accept,
        batch_sizes=BATCH_SIZES,
    )


def write(
    repository: Path,
    model: TinyAutoencoder,
    description: Description | None = None,
    programs: Mapping[str, bytes] | None = None,
    examine: Callable[[Artifact], None] | None = None,
) -> Path:
    """Publish a model, or what a test puts in its place."""
    return write_artifact(
        repository,
        description or describe(model),
        programs or both_programs(model),
        reference(model),
        {},
        examine or accept,
        batch_sizes=BATCH_SIZES,
    )


def as_schema_1(version: Path) -> Path:
    """Turn a published version into one of schema 1: without measures, TorchScript alone."""
    path = as_schema_2(version) / "manifest.json"
    manifest = json.loads(path.read_text()) | {"schema_version": 1}
    del manifest["measures"]
    path.write_text(json.dumps(manifest))
    return version


def as_schema_2(version: Path) -> Path:
    """Turn a published version into one of schema 2, which has TorchScript alone."""
    path = version / "manifest.json"
    manifest = json.loads(path.read_text()) | {"schema_version": 2}
    for name in ("latent", "network_outputs", "programs"):
        del manifest[name]
    for name in ("encode.onnx", "decode.onnx"):
        (version / name).unlink()
        del manifest["files"][name]
    path.write_text(json.dumps(manifest))
    return version


def accept(_: Artifact) -> None:
    """Accept any artifact."""


def describe(model: TinyAutoencoder, name: str = "vae", **changes: object) -> Description:
    """A description that matches the model."""
    images = random_levels(2, model.height, model.width)
    points = torch.tensor([vector(model, 0.0), vector(model, -1.0, 2.0)])
    with torch.inference_mode():
        means, deviations = model.encode(to_tensor(images))
        pictures = (model.decode(points) * 255).round().to(torch.uint8).numpy()
    fields: dict[str, object] = {
        "name": name,
        "kind": "vae" if model.deviation else "ae",
        "created": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
        "latent_dim": model.latent_dim,
        "latent": LatentSpec(
            shape=[model.latent_dim], has_standard_deviation=bool(model.deviation)
        ),
        "image": ImageSpec(height=model.height, width=model.width),
        "network_outputs": NetworkOutputs(
            encoder="mean_and_standard_deviation" if model.deviation else "mean", decoder="pixels"
        ),
        "dataset": Dataset(
            name="random",
            digest="0" * 64,
            class_names=["a", "b"],
            training_images=3,
            validation_images=0,
            held_out_images=50,
        ),
        "training": TrainingRecord(
            preset="tiny", seed=0, config={"epochs": 0}, metrics={"loss": 1.5}, history=[]
        ),
        "measures": [
            Measure(
                name="coverage", value=25.0, unit="%", better="neither", sentence="25 of 100 parts."
            ),
            Measure(
                name="kl", value=0.5, unit="nats per image", better="neither", sentence="0.5 nats."
            ),
        ],
        "latent_statistics": LatentStatistics(
            mean=vector(model, 0.0),
            standard_deviation=vector(model, 1.0),
            percentile_1=vector(model, -7.0, -3.0),
            percentile_99=vector(model, 9.0, 2.0),
        ),
        "grid_bounds": GridBounds(minimum=vector(model, -4.0), maximum=vector(model, 4.0)),
        "support": Support(distance=0.75),
        "libraries": {"torch": torch.__version__},
        "golden": GoldenVectors(
            images=[
                GoldenImage(
                    pixels=image.tobytes(), mean=mean.tolist(), standard_deviation=spread.tolist()
                )
                for image, mean, spread in zip(images, means, deviations, strict=True)
            ],
            points=[
                GoldenPoint(latent=point.tolist(), pixels=picture.tobytes())
                for point, picture in zip(points, pictures, strict=True)
            ],
        ),
    }
    return Description.model_validate(fields | changes)


def vector(model: TinyAutoencoder, *values: float) -> list[float]:
    """`values`, repeated to one per latent dimension."""
    return [values[index % len(values)] for index in range(model.latent_dim)]


def reference(model: TinyAutoencoder, count: int = 50) -> Reference:
    """The first `count` random pictures, encoded."""
    images = random_levels(count, model.height, model.width)
    with torch.inference_mode():
        mean, _ = model.encode(to_tensor(images))
    return Reference(mean.numpy(), np.arange(count, dtype=np.uint8) % 2, images)


def random_levels(count: int, height: int = 28, width: int = 28) -> npt.NDArray[np.uint8]:
    """[count, height, width] seeded grey levels, dark enough that no picture is inverted."""
    generator = np.random.default_rng(7)
    return generator.integers(0, 200, (count, height, width)).astype(np.uint8)


def to_tensor(levels: npt.NDArray[np.uint8]) -> Tensor:
    """[B, H, W] grey levels -> [B, 1, H, W] floats in 0..1."""
    return torch.from_numpy(levels.astype(np.float32) / np.float32(255)).unsqueeze(1)


def to_images(levels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """[B, H, W] grey levels -> [B, 1, H, W] floats in 0..1, as a runtime takes them."""
    return levels[:, None].astype(np.float32) / np.float32(255)


def picture_bytes(levels: npt.NDArray[np.generic], format_name: str = "PNG") -> bytes:
    """Returns the array as an image file."""
    buffer = io.BytesIO()
    Image.fromarray(levels).save(buffer, format=format_name)
    return buffer.getvalue()


def uploads(files: list[bytes]) -> list[tuple[str, tuple[str, bytes, str]]]:
    """Several files in the field `images`, as httpx takes them."""
    return [("images", (f"{n}.png", file, "image/png")) for n, file in enumerate(files)]


def read_levels(png: bytes) -> npt.NDArray[np.uint8]:
    """Grey levels of a PNG. It must be 8-bit grey."""
    image = Image.open(io.BytesIO(png))
    assert (image.format, image.mode) == ("PNG", "L")
    return np.asarray(image)


def only(mapping: Mapping[str, object], *keys: str) -> dict[str, object]:
    return {key: mapping[key] for key in keys}
