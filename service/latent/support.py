"""Whether a latent point lies where data lies: its distance to the reference points."""

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from service.artifact.arrays import Floats
from service.artifact.contract import Artifact

Precision = TypeVar("Precision", np.float32, np.float64)


# Distances that differ from the limit by less than this share of it are measured again in double
# precision. Single precision errs by less than a tenth of this in 64 dimensions.
UNSURE = 1e-4
BLOCK = 2**15  # distances that are measured at once, so that they stay in the processor's cache


def in_support(artifact: Artifact, points: Floats) -> npt.NDArray[np.bool_]:
    """[B, D] points -> [B], true if a reference point lies within the manifest's distance.

    The distance is the 99th percentile of the reference points' distances to their nearest
    neighbour, so about 1 in 100 held-out images is out.
    """
    reference, limit = artifact.reference, artifact.manifest.support.distance
    with np.errstate(over="ignore"):  # infinity is far too
        distances = nearest_distance(points, reference.single_axes)
    is_near: npt.NDArray[np.bool_] = distances <= limit
    unsure = np.abs(distances - limit) <= UNSURE * limit
    if unsure.any():
        is_near[unsure] = nearest_distance(points[unsure], reference.axes) <= limit
    return is_near


def nearest_distance(points: Floats, axes: npt.NDArray[Precision]) -> npt.NDArray[Precision]:
    """[B, D] points, the reference's [D, N] axes -> [B] Euclidean distances, in their precision.

    For a few thousand reference points, a scan takes some microseconds a point, less than a tree.
    """
    nearest = np.empty(len(points), axes.dtype)
    rows = max(1, BLOCK // axes.shape[1])
    for start in range(0, len(points), rows):
        own = points[start : start + rows].T[:, :, None].astype(axes.dtype)
        squares = own[0] - axes[0]
        squares *= squares
        for ours, others in zip(own[1:], axes[1:], strict=True):
            differences = ours - others
            differences *= differences
            squares += differences
        nearest[start : start + rows] = squares.min(axis=1)
    return np.sqrt(nearest)
