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


def test_point_at_the_limit_is_measured_in_double_precision(repository: Path) -> None:
    artifact = load_artifact(repository / "vae" / "1")
    limit = artifact.manifest.support.distance
    edges = artifact.reference.coordinates.max(axis=0) + np.array([0, limit], np.float32)
    steps = np.arange(-50, 50)[:, None] * np.array([0, np.spacing(np.float32(edges[1]))])
    points = (edges + steps).astype(np.float32)

    expected = nearest_distance(points, artifact.reference.axes) <= limit

    assert in_support(artifact, points).tolist() == expected.tolist()
    assert [bool(in_support(artifact, point[None])) for point in points] == expected.tolist()


@pytest.mark.parametrize("count", [1, 7, 300])
def test_distances_do_not_depend_on_how_many_are_asked_for(count: int) -> None:
    generator = np.random.default_rng(0)
    axes = generator.normal(size=(3, 1500))
    points = generator.normal(size=(count, 3)).astype(np.float32)

    together = nearest_distance(points, axes)

    assert together.tolist() == [float(nearest_distance(it[None], axes)[0]) for it in points]
