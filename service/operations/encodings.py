"""Where images lie in latent space and what the model makes of them there, as JSON."""

from functools import partial
from typing import Any

import numpy as np
from pydantic_core import to_json

from service.artifact.arrays import Doubles, Floats
from service.artifact.contract import Artifact
from service.operations.lists import items_json
from service.serving.inference import Encoding, encode, reconstruct
from service.serving.work import Batch

# Where float32 rounded a probability to 0 or 1, its logarithm is taken half a rounding step inside:
# finite, and close to the one before rounding. Training's figures do the same.
MIN_PROBABILITY, MAX_PROBABILITY = float(np.finfo(np.float32).tiny), 1 - 2.0**-25


def encodings(
    artifact: Artifact, images: Floats, applied: list[list[str]], pointer: str | None
) -> Batch[bytes]:
    """[B, H, W] images in 0..1 -> what gives their EncodeOutput.

    `applied` says what was done to each; `pointer` is where the request lists them.
    """
    return Batch(encode, images, partial(_write_encodings, artifact, applied), pointer)


def reconstructions(
    artifact: Artifact, images: Floats, applied: list[list[str]], pointer: str | None
) -> Batch[bytes]:
    """[B, H, W] images in 0..1 -> what gives their ReconstructOutput; as `encodings`."""
    finish = partial(_write_reconstructions, artifact, images, applied)
    return Batch(reconstruct, images, finish, pointer)


def mean_squared_errors(images: Floats, reconstructions: Floats) -> Doubles:
    """[B, H, W] and [B, H, W], both in 0..1 -> [B], averaged over pixels."""
    squares = (images.astype(float) - reconstructions) ** 2
    errors: Doubles = squares.mean(axis=(1, 2))
    return errors


def binary_cross_entropies(images: Floats, reconstructions: Floats) -> Doubles:
    """[B, H, W] and [B, H, W], both in 0..1 -> [B] nats, summed over pixels.

    The reconstruction loss of a VAE with Bernoulli pixels (Kingma & Welling 2014, appendix C.1).
    """
    inside = reconstructions.astype(float).clip(MIN_PROBABILITY, MAX_PROBABILITY)
    nats = images * np.log(inside) + (1 - images) * np.log1p(-inside)
    errors: Doubles = -nats.sum(axis=(1, 2))
    return errors


def _write_encodings(artifact: Artifact, applied: list[list[str]], *encoding: Any) -> bytes:
    return _to_json(artifact, "latents", _entries(Encoding(*encoding), applied))


def _write_reconstructions(
    artifact: Artifact, images: Floats, applied: list[list[str]], *reconstruction: Any
) -> bytes:
    *encoding, pixels = reconstruction
    entries = _entries(Encoding(*encoding), applied)
    squares = mean_squared_errors(images, pixels).tolist()
    nats = binary_cross_entropies(images, pixels).tolist()
    for index, entry in enumerate(entries):
        entry["image"] = images[index].tolist()
        entry["reconstruction"] = pixels[index].tolist()
        entry["error"] = {
            "mean_squared_error": squares[index],
            "binary_cross_entropy": nats[index],
        }
    return _to_json(artifact, "reconstructions", entries)


def _entries(encoding: Encoding, applied: list[list[str]]) -> list[dict[str, Any]]:
    # Of EncodedImage's shape, but dictionaries: pydantic models would cost as much as the encoding.
    return [
        {"mean": mean, "standard_deviation": deviation, "in_support": near, "applied": changes}
        for mean, deviation, near, changes in zip(
            encoding.mean.tolist(),
            encoding.standard_deviation.tolist(),
            encoding.in_support.tolist(),
            applied,
            strict=True,
        )
    ]


def _to_json(artifact: Artifact, name: str, entries: list[dict[str, Any]]) -> bytes:
    named = to_json({"model": artifact.manifest.name, "version": artifact.manifest.version})
    return b"".join((named[:-1], b',"%b":[' % name.encode(), items_json(entries), b"]}"))
