"""Whether a latent point lies where data lives: its distance to the reference set."""

import numpy as np
import numpy.typing as npt

from service.artifact.arrays import Doubles, Floats
from service.artifact.contract import Artifact


def in_support(artifact: Artifact, points: Floats) -> npt.NDArray[np.bool_]:
    """[B, D] points -> [B], true where the nearest reference point is near enough.

    Near enough is `support.distance` of the manifest: the 99th percentile of the distance from
    one reference point to the nearest other one, so that about 1 in 100 held-out images is out.
    """
    return nearest_distance(points, artifact.reference.axes) <= artifact.manifest.support.distance


def nearest_distance(points: Floats, axes: Doubles) -> Doubles:
    """[B, D] points, the reference's [D, N] axes -> [B] Euclidean distances.

    A scan of all N takes some microseconds a point for a few thousand, less than a tree would.
    """
    squares = np.zeros((len(points), axes.shape[1]))
    for own, others in zip(points.T.astype(float), axes, strict=True):
        difference = own[:, None] - others
        difference *= difference
        squares += difference
    nearest: Doubles = np.sqrt(squares.min(axis=1))
    return nearest
