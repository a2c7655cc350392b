"""Whether a latent point lies where data lies: its distance to the reference points."""

import numpy as np
import numpy.typing as npt

from service.artifact.arrays import Doubles, Floats
from service.artifact.contract import Artifact


def in_support(artifact: Artifact, points: Floats) -> npt.NDArray[np.bool_]:
    """[B, D] points -> [B], true if a reference point lies within the manifest's distance.

    The distance is the 99th percentile of the reference points' distances to their nearest
    neighbour, so about 1 in 100 held-out images is out.
    """
    return nearest_distance(points, artifact.reference.axes) <= artifact.manifest.support.distance


def nearest_distance(points: Floats, axes: Doubles) -> Doubles:
    """[B, D] points, the reference's [D, N] axes -> [B] Euclidean distances.

    For a few thousand reference points, a scan takes some microseconds a point, less than a tree.
    """
    squares = np.square(points[:, :1] - axes[0])
    for own, others in zip(points.T[1:], axes[1:], strict=True):
        squares += np.square(own[:, None] - others)
    nearest: Doubles = np.sqrt(squares.min(axis=1))
    return nearest
