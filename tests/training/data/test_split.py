from pathlib import Path

import numpy as np
import pytest

from service.artifact.manifest import Dataset
from tests.training.data.files import grey, load, write_npz, write_pictures
from tests.training.tiny import TRAINING_COUNT, draw_squares
from training.config import DataSection
from training.data import fashion_mnist
from training.data.images import Data
from training.data.loading import find_source, load_data, prepare
from training.data.split import section_of, split
from training.errors import ConfigError, DataError


def split_of(count: int, path: Path, section: dict[str, object], seed: int = 0) -> Data:
    path = write_npz(path / "own.npz", images=grey(count))
    return load_data(find_source(path), DataSection.model_validate(section), seed)


def contents(data: Data) -> list[bytes]:
    training, held_out = data
    parts = (training.training, training.validation, held_out)
    return [bytes(picture) for part in parts for picture in part.pixels[:]]


@pytest.mark.parametrize(
    ("count", "held_out", "validated"),
    [(4, 2, 0), (10, 2, 0), (20, 2, 1), (100, 10, 4), (240, 24, 11), (1911, 191, 86)],
)
def test_a_tenth_is_held_out_and_a_twentieth_of_the_rest_validates(
    tmp_path: Path, count: int, held_out: int, validated: int
) -> None:
    data = split_of(count, tmp_path, {})

    assert len(data.held_out.labels) == data.training.held_out_count == held_out
    assert len(data.training.validation.labels) == validated
    assert sorted(contents(data)) == sorted(map(bytes, grey(count)))


def test_numbers_win_over_shares(tmp_path: Path) -> None:
    section: dict[str, object] = {
        "held_out_images": 30,
        "held_out_share": 0.5,
        "validation_images": 7,
    }

    data = split_of(100, tmp_path, section)

    assert (len(data.held_out.labels), len(data.training.validation.labels)) == (30, 7)


def test_held_out_pictures_are_the_same_for_every_seed(tmp_path: Path) -> None:
    one, other = (split_of(100, tmp_path, {}, seed) for seed in (0, 1))

    assert np.array_equal(one.held_out.pixels[:], other.held_out.pixels[:])
    assert not np.array_equal(
        one.training.validation.pixels[:], other.training.validation.pixels[:]
    )


def test_split_is_seeded_disjoint_and_whole(data_dir: Path) -> None:
    source, section = find_source(data_dir), DataSection(validation_images=40)
    data, again = (load_data(source, section, seed=3).training for _ in range(2))
    other = load_data(source, section, seed=4).training
    pixels, _ = draw_squares(TRAINING_COUNT, 8, seed=0)

    parts = [*data.training.pixels[:], *data.validation.pixels[:]]
    assert sorted(map(bytes, parts)) == sorted(map(bytes, pixels))
    assert np.array_equal(data.validation.pixels[:], again.validation.pixels[:])
    assert not np.array_equal(data.validation.pixels[:], other.validation.pixels[:])


@pytest.mark.parametrize(
    "section",
    [{"validation_images": 90}, {"held_out_images": 100}, {"validation_share": 0.999}],
    ids=str,
)
def test_split_that_leaves_nothing_is_refused(tmp_path: Path, section: dict[str, object]) -> None:
    (setting,) = section

    with pytest.raises(ConfigError, match=setting.replace("share", "images")):
        split_of(100, tmp_path, section)


def test_fashion_mnist_keeps_a_twelfth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fashion_mnist, "has_its_labels", lambda *_: True)
    labels = np.arange(240, dtype=np.uint8) % 10
    path = write_npz(
        tmp_path / "own.npz",
        x_train=grey(240),
        y_train=labels,
        x_test=grey(10, seed=1),
        y_test=labels[:10],
    )

    assert len(load(path).training.validation.labels) == 20
    assert len(load(path, validation_share=0.5).training.validation.labels) == 120


def test_pictures_and_labels_stay_together(tmp_path: Path) -> None:
    pictures = grey(100)
    pictures[:, 1, 1] = np.arange(100)
    path = write_npz(tmp_path / "own.npz", images=pictures, labels=np.arange(100))

    training, held_out = load(path)

    for part in (training.training, training.validation, held_out):
        names = [training.class_names[label] for label in part.labels]
        assert names == list(map(str, part.pixels[:][:, 0, 1, 1]))


@pytest.mark.parametrize("part", ["train", "test"])
def test_one_picture_many_times_is_refused(tmp_path: Path, part: str) -> None:
    for name in ("train", "test"):
        pictures = grey(1).repeat(9, axis=0) if name == part else grey(9)
        write_pictures(tmp_path / name, pictures)

    with pytest.raises(DataError, match="expected different pictures, found only one, 9 times"):
        load(tmp_path)


def test_a_version_is_split_again_as_it_was(tmp_path: Path) -> None:
    path = write_npz(tmp_path / "own.npz", images=grey(100))
    data = load(path, held_out_share=0.3, validation_share=0.2)
    record = record_of(data)

    again = split(prepare(find_source(path), section_of(record)), section_of(record), seed=0)

    assert contents(again) == contents(data)


def record_of(data: Data) -> Dataset:
    return Dataset(
        name=data.training.name,
        digest=data.training.digest,
        class_names=list(data.training.class_names),
        training_images=len(data.training.training.labels),
        validation_images=len(data.training.validation.labels),
        held_out_images=data.training.held_out_count,
    )
