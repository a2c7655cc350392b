from pathlib import Path

import numpy as np
import pytest

from service.artifact.load import load_artifact
from service.latent.support import in_support, nearest_distance


def test_nearest_distance_is_euclidean() -> None:
    reference = np.array([[0.0, 10.0], [0.0, 0.0]])

    distances = nearest_distance(np.array([[3, 4], [9, 0]], np.float32), reference)

    assert distances.tolist() == pytest.approx([5, 1])


def test_point_is_in_support_up_to_the_manifest_distance(repository: Path) -> None:
    artifact = load_artifact(repository / "vae" / "1")
    known = artifact.reference.coordinates[0]
    far = artifact.reference.coordinates.max(axis=0) + 5

    assert in_support(artifact, np.stack([known, far])).tolist() == [True, False]
