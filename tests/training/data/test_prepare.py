import hashlib
import os
from pathlib import Path

import numpy as np
import pooch
import pytest

from service.artifact.manifest import ImageSpec
from tests.training.data.files import colour, grey, levels_of, prepared, write_npz, write_pictures
from tests.training.tiny import full_disk
from training.data import cache, prepare
from training.data.idx import header_of
from training.data.loading import find_source
from training.data.prepare import Preparation
from training.errors import NotWritable


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own."""
    monkeypatch.setattr(pooch, "os_cache", lambda _: tmp_path / "cache")
    return tmp_path / "cache" / "data"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return write_pictures(tmp_path / "photos", grey(4))


def never(*_: object) -> None:
    pytest.fail("reads pictures again")


@pytest.mark.usefixtures("kept")
def test_pictures_are_read_once(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = prepared(photos)
    monkeypatch.setattr(prepare, "fit_picture", never)
    monkeypatch.setattr(prepare, "survey", never)

    again = prepared(photos)

    assert again.prepared == first.prepared
    assert np.array_equal(levels_of(again), levels_of(first))


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("change", ["content", "time", "more", "fewer"])
def test_changed_data_are_read_anew(photos: Path, change: str) -> None:
    before = prepared(photos)
    if change == "content":
        write_pictures(photos, grey(4, seed=1))
    elif change == "time":
        os.utime(photos / "000.png", ns=(0, 0))
    elif change == "more":
        write_pictures(photos / "cats", grey(1))
    else:
        (photos / "000.png").unlink()

    after = prepared(photos)

    assert after.prepared.made_of != before.prepared.made_of
    assert after.prepared.count == {"more": 5, "fewer": 3}.get(change, 4)


@pytest.mark.usefixtures("kept")
def test_changed_code_reads_data_anew(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = prepared(photos).prepared.made_of
    monkeypatch.setattr(cache, "_code", lambda: b"other code")

    assert prepared(photos).prepared.made_of != before


@pytest.mark.parametrize("damage", ["cut", "gone", "not JSON"])
def test_damaged_cache_is_made_anew(kept: Path, photos: Path, damage: str) -> None:
    prepared(photos)
    (levels,) = kept.glob("*.levels")
    if damage == "cut":
        levels.write_bytes(levels.read_bytes()[:-1])
    elif damage == "gone":
        levels.unlink()
    else:
        (described,) = kept.glob("*x1.json")
        described.write_text("{")

    assert np.array_equal(levels_of(prepared(photos))[:, 0], grey(4))


def test_newer_data_take_the_place_of_older(kept: Path, photos: Path) -> None:
    before = prepared(photos)
    pictures = before.pictures(np.arange(4))
    files = sorted(kept.iterdir())
    write_pictures(photos, grey(4, seed=1))

    after = prepared(photos)

    assert sorted(kept.iterdir()) == files
    assert np.array_equal(pictures[:][:, 0], grey(4))  # a run that goes on keeps its own
    assert np.array_equal(levels_of(after)[:, 0], grey(4, seed=1))


def test_each_form_is_kept(kept: Path, photos: Path) -> None:
    for size in (8, 9):
        prepared(photos, size=size)

    assert len(list(kept.glob("*.levels"))) == 2


def test_interruption_leaves_nothing_behind(
    kept: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(prepare, "digest_of", interrupt)

    with pytest.raises(KeyboardInterrupt):
        prepared(photos)

    assert [path.suffix for path in kept.iterdir()] == [".json"]  # of the survey


@pytest.mark.usefixtures("kept")
def test_full_disk_is_named(tmp_path: Path) -> None:
    path = write_npz(tmp_path / "own.npz", images=grey(2000))

    with full_disk(10_000), pytest.raises(NotWritable, match="cannot be written: File too large"):
        prepared(path)


@pytest.mark.usefixtures("kept")
def test_data_without_room_are_refused_before_they_are_read(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path, needed: int) -> None:
        raise NotWritable(f"{needed} bytes")

    monkeypatch.setattr(prepare, "check_room", refuse)
    monkeypatch.setattr(prepare, "fit_picture", never)

    with pytest.raises(NotWritable, match="^120 bytes"):
        prepared(photos)


def test_digest_is_that_of_the_parts_as_idx_files(tmp_path: Path) -> None:
    parts = {"x_train": grey(8), "x_test": grey(4, seed=1)}
    path = write_npz(tmp_path / "own.npz", **parts)

    content = b"".join(header_of(part.shape) + part.tobytes() for part in parts.values())

    assert prepared(path).prepared.digest == hashlib.sha256(content).hexdigest()


def test_channels_that_are_asked_for_are_given(tmp_path: Path) -> None:
    write_pictures(tmp_path, colour(4))

    assert prepared(tmp_path).image.channels == 3
    assert levels_of(prepared(tmp_path, channels="grey")).shape == (4, 1, 6, 5)
    assert levels_of(prepared(tmp_path, channels="colour")).shape == (4, 3, 6, 5)


def test_form_of_a_model_wins(photos: Path) -> None:
    image = ImageSpec(height=3, width=9)

    found = Preparation(find_source(photos), size=7, channels="colour", image=image)

    assert levels_of(found).shape == (4, 1, 3, 9)


def test_parts_are_read_by_rows_and_slices(photos: Path) -> None:
    pictures = prepared(photos).pictures(np.array([3, 0, 2]))

    assert (len(pictures), pictures.shape) == (3, (3, 1, 6, 5))
    assert np.array_equal(pictures[1:][:, 0], grey(4)[[0, 2]])
    assert np.array_equal(pictures[np.array([2, 0])][:, 0], grey(4)[[2, 3]])


def test_steps_are_counted(tmp_path: Path) -> None:
    write_pictures(tmp_path / "a", grey(3))
    write_pictures(tmp_path / "b", 255 - grey(2, 12, 20))

    assert prepared(tmp_path).prepared.applied == {"polarity": 2, "resize": 2, "padding": 2}
