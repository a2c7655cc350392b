import asyncio
import dataclasses
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from service.artifact.arrays import Floats
from service.artifact.contract import Artifact
from service.artifact.load import load_artifact
from service.serving.executor import Executor
from service.serving.inference import (
    BLOCK,
    decode,
    decode_levels,
    encode,
    reconstruct,
    warm_up,
)
from service.serving.work import Program, Unanswerable
from tests import tiny


@pytest.fixture(scope="module")
def artifact(repository: Path) -> Artifact:
    """The tiny VAE."""
    return load_artifact(repository / "vae" / "1")


def test_encode_answers_as_the_eager_model(artifact: Artifact) -> None:
    images = tiny.to_tensor(tiny.random_levels(7))

    encoding = encode(artifact, images.squeeze(1).numpy())

    expected, _ = tiny.TinyAutoencoder().eval().encode(images)
    assert encoding.mean == pytest.approx(expected.detach().numpy(), abs=1e-5)


def test_blocks_do_not_show(artifact: Artifact) -> None:
    points = np.random.default_rng(0).normal(size=(2 * BLOCK + 3, 2)).astype(np.float32)

    (together,) = decode(artifact, points)

    assert together.shape == (2 * BLOCK + 3, 28, 28)
    for index in (0, BLOCK - 1, BLOCK, 2 * BLOCK + 2):
        ((alone,),) = decode(artifact, points[index : index + 1])
        assert together[index] == pytest.approx(alone, abs=1e-6)


def test_levels_are_rounded_to_nearest(artifact: Artifact) -> None:
    points = np.array([[0.3, -1.2]], np.float32)

    (levels,), (pixels,) = decode_levels(artifact, points), decode(artifact, points)

    assert (np.abs(levels - pixels * 255) <= 0.5).all()


class Broken:
    """A model whose second output is not finite."""

    def encode(self, images: Floats) -> tuple[Floats, Floats]:
        mean = np.zeros((len(images), 2), np.float32)
        mean[1] = np.nan
        return mean, mean

    def decode(self, latents: Floats) -> Floats:
        pixels = np.zeros((len(latents), 1, 28, 28), np.float32)
        pixels[1, 0, 3, 3] = np.inf
        return pixels


@pytest.mark.parametrize(
    ("program", "shape"),
    [(encode, (28, 28)), (reconstruct, (28, 28)), (decode, (2,)), (decode_levels, (2,))],
)
def test_answer_that_is_not_finite_is_told_with_its_index(
    artifact: Artifact, program: Program, shape: tuple[int, ...]
) -> None:
    broken = dataclasses.replace(artifact, model=Broken())

    with pytest.raises(Unanswerable) as caught:
        program(broken, np.zeros((2, *shape), np.float32))

    assert caught.value.index == 1


def test_negative_deviation_is_told_with_its_index(artifact: Artifact) -> None:
    class Logarithmic(Broken):
        def encode(self, images: Floats) -> tuple[Floats, Floats]:
            deviations = np.array([[0.0, 1.0], [1.0, -2.0]], np.float32)
            return np.zeros((len(images), 2), np.float32), deviations

    broken = dataclasses.replace(artifact, model=Logarithmic())

    with pytest.raises(Unanswerable, match="negative") as caught:
        encode(broken, np.zeros((2, 28, 28), np.float32))

    assert caught.value.index == 1


def test_large_but_finite_answers_are_right(artifact: Artifact) -> None:
    class Far(Broken):
        def encode(self, images: Floats) -> tuple[Floats, Floats]:
            means = np.full((len(images), 2), 3e38, np.float32)
            return means, means

    far = dataclasses.replace(artifact, model=Far())

    assert (encode(far, np.zeros((2, 28, 28), np.float32)).mean == np.float32(3e38)).all()


def test_warm_up_covers_the_batch_sizes_that_specialise(artifact: Artifact) -> None:
    class Recording(Broken):
        sizes: ClassVar[dict[str, set[int]]] = {"encode": set(), "decode": set()}

        def encode(self, images: Floats) -> tuple[Floats, Floats]:
            self.sizes["encode"].add(len(images))
            return np.zeros((len(images), 2), np.float32), np.zeros((len(images), 2), np.float32)

        def decode(self, latents: Floats) -> Floats:
            self.sizes["decode"].add(len(latents))
            return np.zeros((len(latents), 1, 28, 28), np.float32)

    warm_up(dataclasses.replace(artifact, model=Recording(), runtime="onnx"))
    assert not any(Recording.sizes.values())  # it has nothing to specialise
    warm_up(dataclasses.replace(artifact, model=Recording(), runtime="torchscript"))

    for sizes in Recording.sizes.values():
        assert {1, 2, BLOCK} < sizes


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 11, 64])
def test_answer_depends_neither_on_the_thread_nor_on_where_its_data_lies(
    artifact: Artifact, size: int
) -> None:
    images = np.random.default_rng(size).random((size, 28, 28), np.float32)
    points = np.random.default_rng(size).normal(size=(size, 2)).astype(np.float32)

    def answer(offset: int) -> bytes:
        means = encode(artifact, shifted(images, offset)).mean
        return bytes(means.tobytes() + decode(artifact, shifted(points, offset))[0].tobytes())

    async def ask() -> set[bytes]:
        executor = Executor(places=1, queue=9)
        here = {answer(offset) for offset in (0, 4, 16)}
        return here | {await executor.run(partial(answer, offset)) for offset in (0, 4, 16)}

    assert len(asyncio.run(ask())) == 1


def shifted(values: Floats, offset: int) -> Floats:
    """A copy that starts this many bytes after a cache line."""
    memory = np.empty(values.nbytes + 128, np.uint8)
    start = -memory.ctypes.data % 64 + offset
    moved: Floats = memory[start : start + values.nbytes].view(np.float32).reshape(values.shape)
    moved[:] = values
    return moved
