"""The only place that runs a model, and the bounded executor in which all heavy work happens."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from time import perf_counter
from typing import NoReturn, TypeVar

import numpy as np
import numpy.typing as npt

from service.artifact.contract import Artifact
from service.artifact.errors import ModelUnreadable
from service.errors import Invalid, Overloaded
from service.serving.metrics import Metrics

Result = TypeVar("Result")
Scalar = TypeVar("Scalar", bound=np.generic)
Floats = npt.NDArray[np.float32]

# Large requests run in blocks: memory stays flat, and a block still fills the matrix kernels.
BLOCK = 512
# What all requests that are computed on the event loop may take of one of its turns.
TURN_SECONDS = 0.008
# The profiling executor specialises on the first calls of each method; these sizes cover its paths.
WARM_UP_SIZES = (1, 1, 2, 16, 64, BLOCK, 1)


@dataclass(frozen=True)
class Encoding:
    """Latent distribution of each image: two [B, D] arrays."""

    mean: Floats
    standard_deviation: Floats


def encode(artifact: Artifact, images: Floats, place: str = "/body/images") -> Encoding:
    """[B, H, W] floats in 0..1 -> their latent means and standard deviations.

    Raises Invalid if an answer is not finite; `place` is where the request has the images.
    """
    means, deviations = [], []
    for start in range(0, len(images), BLOCK):
        mean, deviation = artifact.model.encode(images[start : start + BLOCK, None])
        means.append(mean)
        deviations.append(deviation)
    encoding = Encoding(_joined(means), _joined(deviations))
    _check_finite(encoding.mean, place)
    _check_finite(encoding.standard_deviation, place)
    return encoding


def decode(artifact: Artifact, latents: Floats, place: str | None = "/body/latents") -> Floats:
    """[B, D] latent points -> [B, H, W] pixel values in 0..1.

    Raises Invalid if an answer is not finite; `place` is where the request has the points, if it
    has them one by one.
    """
    return _joined(list(_decode_blocks(artifact, latents, place)))


def decode_levels(
    artifact: Artifact, latents: Floats, place: str | None = "/body/latents"
) -> npt.NDArray[np.uint8]:
    """[B, D] latent points -> [B, H, W] grey levels 0..255, rounded to nearest.

    Raises Invalid as `decode` does.
    """
    return _joined([_levels(block) for block in _decode_blocks(artifact, latents, place)])


def warm_up(artifact: Artifact) -> None:
    """Call both methods until TorchScript has specialised them, so that no request waits for it.

    Raises ModelUnreadable where they fail for a batch of another size than the golden vectors.
    """
    image = artifact.manifest.image
    try:
        for size in WARM_UP_SIZES:
            encode(artifact, np.zeros((size, image.height, image.width), np.float32))
            decode(artifact, np.zeros((size, artifact.manifest.latent_dim), np.float32))
    except Exception as exc:  # whatever the artifact's code raises
        reason = str(exc).strip().rpartition("\n")[2]
        raise ModelUnreadable(f"the model fails on a batch of {size}: {reason[:200]}") from exc


class InferenceExecutor:
    """A fixed number of places to compute in and a bounded queue before them.

    Each place is one thread with one intra-op thread: small models gain more from requests side
    by side than from one request on many cores.
    """

    def __init__(self, places: int, queue: int, metrics: Metrics | None = None) -> None:
        self._threads = ThreadPoolExecutor(places, thread_name_prefix="inference")
        self._admissions = threading.BoundedSemaphore(places + queue)
        self._metrics = metrics or Metrics()
        self._turn_seconds = 0.0

    def require_room(self) -> None:
        """Raise Overloaded if `run` would now: for work that would be wasted before it."""
        if not self._admissions.acquire(blocking=False):
            self._refuse()
        self._admissions.release()

    def has_turn(self) -> bool:
        """Whether this turn of the event loop has time left for `run_here`."""
        return self._turn_seconds < TURN_SECONDS

    def run_here(self, work: Callable[[], Result]) -> Result:
        """The result of `work`, computed on the event loop without waiting for a place.

        For work so small that handing it to a thread and back would cost much of doing it; only
        where `has_turn`, so that many at once do not hold up health and the rest.
        """
        if self._turn_seconds == 0:
            asyncio.get_running_loop().call_soon(self._end_turn)
        started = perf_counter()
        try:
            return work()
        finally:
            seconds = perf_counter() - started
            self._turn_seconds += seconds
            self._metrics.compute_seconds.observe(seconds)

    def _end_turn(self) -> None:
        self._turn_seconds = 0.0

    async def run(self, work: Callable[[], Result]) -> Result:
        """The result of `work`, computed in a place; a waiter that is cancelled never runs.

        Raises Overloaded at once when all places and the queue are taken.
        """
        if not self._admissions.acquire(blocking=False):
            self._refuse()
        self._metrics.waiting.inc()
        future = self._threads.submit(self._compute, work, perf_counter())
        future.add_done_callback(self._leave)
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Finish what runs, drop what waits."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _compute(self, work: Callable[[], Result], submitted: float) -> Result:
        started = perf_counter()
        self._metrics.queue_seconds.observe(started - submitted)
        self._metrics.waiting.dec()
        with self._metrics.running.track_inprogress():
            try:
                return work()
            finally:
                self._metrics.compute_seconds.observe(perf_counter() - started)

    def _leave(self, future: Future[Result]) -> None:
        if future.cancelled():
            self._metrics.waiting.dec()
            self._metrics.dropped.inc()
        self._admissions.release()

    def _refuse(self) -> NoReturn:
        self._metrics.rejected.inc()
        raise Overloaded("all places and the queue are taken")


def _decode_blocks(artifact: Artifact, latents: Floats, place: str | None) -> Iterator[Floats]:
    for start in range(0, len(latents), BLOCK):
        pixels = artifact.model.decode(latents[start : start + BLOCK])[:, 0]
        _check_finite(pixels, place, start)
        yield pixels


def _levels(pixels: Floats) -> npt.NDArray[np.uint8]:
    scaled: Floats = pixels * np.float32(255)
    np.rint(scaled, out=scaled)
    return scaled.astype(np.uint8)


def _joined(blocks: Sequence[npt.NDArray[Scalar]]) -> npt.NDArray[Scalar]:
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)


def _check_finite(values: Floats, place: str | None, offset: int = 0) -> None:
    if not np.isfinite(values).all():
        finite = np.isfinite(values).reshape(len(values), -1).all(axis=1)
        index = offset + int(np.argmin(finite))
        pointer = None if place is None else f"{place}/{index}"
        raise Invalid("the model has no finite answer for this", pointer)
