import json
from pathlib import Path

import pytest

from service.artifact.manifest import Measure
from tests import tiny
from training.comparison import compare_artifacts
from training.errors import NotComparable

MEASURES = {
    "reconstruction": ("nats per image", "lower"),
    "spread": ("%", "neither"),
    "realism_midway": ("of 100", "higher"),
    "midway_realism": ("%", "higher"),
    "smoothness": ("grey levels", "lower"),
    "abruptness": ("grey levels", "lower"),
}


def publish_measured(repository: Path, name: str, **values: float) -> Path:
    """A tiny artifact with these values of MEASURES."""
    model = tiny.TinyAutoencoder(deviation=0.5 if name == "vae" else 0.0).eval()
    measures = [
        Measure.model_validate(
            {
                "name": key,
                "value": value,
                "unit": MEASURES[key][0],
                "better": MEASURES[key][1],
                "sentence": f"It is {value}.",
            }
        )
        for key, value in values.items()
    ]
    return tiny.write(repository, model, tiny.describe(model, name, measures=measures))


@pytest.mark.parametrize(("ae", "vae", "best"), [(80.0, 90.0, {1}), (90.0, 80.0, {0})])
def test_better_value_is_marked(ae: float, vae: float, best: set[int], tmp_path: Path) -> None:
    folders = [
        publish_measured(tmp_path, "ae", realism_midway=ae, reconstruction=100 - ae),
        publish_measured(tmp_path, "vae", realism_midway=vae, reconstruction=100 - vae),
    ]

    comparison = compare_artifacts(folders)

    assert [row.best for row in comparison.rows] == [best, best]
    leader = "ae" if best == {0} else "vae"
    assert f"most realistic with {leader}: 90.0 of 100 " in comparison.opening[1]
    assert f"closest to the originals with {leader}: 10.0 nats" in comparison.opening[0]
    assert "90.0*" in comparison.as_table()


def test_values_shown_alike_have_no_better_one(tmp_path: Path) -> None:
    folders = [
        publish_measured(tmp_path, "ae", reconstruction=236.61, spread=2.0),
        publish_measured(tmp_path, "vae", reconstruction=236.59, spread=6.0),
    ]

    comparison = compare_artifacts(folders)

    assert [row.best for row in comparison.rows] == [frozenset(), frozenset()]
    assert comparison.opening == [
        "Reconstructions are about equally close to the originals with each model: "
        "ae 236.6, vae 236.6 nats per image.",
        "Half of the pictures crowd onto the smallest part of the square from -4 to 4 with "
        "ae: 2.0 % (vae: 6.0).",
    ]


def test_note_says_how_to_add_missing_measures(
    tmp_path: Path,
) -> None:
    old = tiny.as_schema_1(tiny.publish(tmp_path, "ae"))

    comparison = compare_artifacts([old, publish_measured(tmp_path, "vae", spread=6.0)])

    assert comparison.opening == []
    assert comparison.notes == [
        f"ae has no measures; to add them: python -m training measure {old}"
    ]
    assert comparison.as_table().splitlines()[-1].split() == ["spread", "(%)", "-", "6.0"]


@pytest.mark.parametrize("retired", ["midway_realism", "smoothness", "abruptness"])
def test_older_measures_that_reward_blur_are_shown_without_a_star(
    retired: str, tmp_path: Path
) -> None:
    folders = [
        publish_measured(tmp_path, "ae", **{retired: 93.8}),
        publish_measured(tmp_path, "vae", **{retired: 92.9}),
    ]

    comparison = compare_artifacts(folders)

    assert [row.best for row in comparison.rows] == [frozenset()]
    assert comparison.opening == []
    assert [note.partition(" has older measures")[0] for note in comparison.notes] == ["ae", "vae"]
    assert f"python -m training measure {folders[0]}" in comparison.notes[0]


def test_models_of_different_data_are_compared_with_a_warning(tmp_path: Path) -> None:
    model = tiny.TinyAutoencoder().eval()
    dataset = tiny.describe(model).dataset.model_copy(update={"digest": "1" * 64})
    other = tiny.write(tmp_path, model, tiny.describe(model, "other", dataset=dataset))

    notes = compare_artifacts([tiny.publish(tmp_path), other]).notes

    assert notes == ["The models were trained on different images, so their figures say little."]


def test_labels_tell_models_apart(tmp_path: Path) -> None:
    folders = [tiny.publish(tmp_path / "one"), tiny.publish(tmp_path / "one")]
    folders += [tiny.publish(tmp_path / "two"), tiny.publish(tmp_path / "two", "ae")]

    labels = [candidate.label for candidate in compare_artifacts(folders).candidates]

    assert labels == [str(folders[0]), "vae/2", str(folders[2]), "ae"]


def test_artifact_is_not_compared_with_itself(tmp_path: Path) -> None:
    folder = tiny.publish(tmp_path)

    with pytest.raises(NotComparable, match=f"found {folder} 2 times"):
        compare_artifacts([folder, folder])


def test_json_holds_the_manifests_measures(tmp_path: Path) -> None:
    folders = [tiny.publish(tmp_path, name) for name in ("ae", "vae")]

    content = json.loads(compare_artifacts(folders).as_json())

    assert [model["label"] for model in content["models"]] == ["ae", "vae"]
    assert content["models"][0]["measures"][0]["sentence"] == "25 of 100 parts."


def test_too_few_artifacts_or_different_sizes_are_refused(tmp_path: Path) -> None:
    one, small = tiny.publish(tmp_path), tiny.publish(tmp_path, "ae", height=6, width=5)

    with pytest.raises(NotComparable, match="two or more"):
        compare_artifacts([one])
    with pytest.raises(NotComparable, match="of one size"):
        compare_artifacts([one, small])
