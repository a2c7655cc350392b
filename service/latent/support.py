"""Is a latent point where data lives? Distance to the reference set, no model."""

import numpy as np
import numpy.typing as npt

from service.artifact.contract import Artifact


def in_support(artifact: Artifact, points: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """[B, D] points -> [B], true where the nearest reference point is near enough.

    Near enough is `support.distance` of the manifest: the 99th percentile of the distance from
    one reference point to the nearest other one, so that about 1 in 100 held-out images is out.
    """
    return nearest_distance(points, artifact.reference.axes) <= artifact.manifest.support.distance


def nearest_distance(
    points: npt.NDArray[np.float32], axes: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """[B, D] points, the reference's [D, N] axes -> [B] Euclidean distances, in float64.

    A scan of all N: some microseconds a point for a few thousand, less than a tree would cost.
    """
    squares = np.zeros((len(points), axes.shape[1]))
    for own, others in zip(points.T.astype(float), axes, strict=True):
        difference = own[:, None] - others
        difference *= difference
        squares += difference
    nearest: npt.NDArray[np.float64] = np.sqrt(squares.min(axis=1))
    return nearest
