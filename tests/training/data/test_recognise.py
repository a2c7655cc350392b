import os
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests import tiny
from tests.pictures import png
from tests.training.data.files import colour, grey, load, prepared, write_npz, write_pictures
from training.errors import DataError


def nothing(_: Path) -> None: ...


def missing(path: Path) -> None:
    path.rmdir()


def texts(path: Path) -> None:
    for number in range(5):
        (path / f"{number}.txt").write_text("a text")


def one_picture(path: Path) -> None:
    write_pictures(path, grey(1))


def three_pictures(path: Path) -> None:
    write_pictures(path, grey(3))


def equal_pictures(path: Path) -> None:
    write_pictures(path, grey(1).repeat(30, axis=0))


def a_huge_picture(path: Path) -> None:
    (path / "huge.png").write_bytes(png((60_000, 60_000), 8, 0, b""))


def broken_pictures(path: Path) -> None:
    for number in range(5):
        (path / f"{number}.png").write_bytes(tiny.picture_bytes(grey(1)[0])[:40])


def no_training_pictures(path: Path) -> None:
    write_pictures(path / "test", grey(5))
    (path / "train").mkdir()
    (path / "train" / "a.txt").write_text("a text")


def two_kinds(path: Path) -> None:
    write_npz(path / "a.npz", images=grey(8))
    np.save(path / "images.npy", grey(8))


def labels_alone(path: Path) -> None:
    np.save(path / "labels.npy", np.arange(8))


FOLDERS = {
    nothing: "found an empty folder",
    missing: "expected a folder or a file, found none",
    texts: "expected pictures, found none; skipped 0.txt: not a PNG, JPEG, WebP, GIF or BMP file; "
    "1.txt: not a PNG, JPEG, WebP, GIF or BMP file; 2.txt: not a PNG, JPEG, WebP, GIF or BMP file; "
    "and 2 more",
    one_picture: "expected at least 4 pictures, to train on some and hold out others, found 1",
    three_pictures: "expected at least 4 pictures, to train on some and hold out others, found 3",
    equal_pictures: "training: expected different pictures, found only one, 26 times",
    a_huge_picture: "huge.png: the picture has more than 67108864 pixels",
    broken_pictures: "0.png: the PNG file is damaged",
    no_training_pictures: "expected pictures, found none; skipped train/a.txt",
    two_kinds: "expected data of one kind, found .npz file and .npy file; pass one of the files",
    labels_alone: "expected pictures, found labels.npy [8]",
}


@pytest.mark.parametrize("make", FOLDERS)
def test_folder_without_data_is_refused_in_one_sentence(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    make(folder)

    with pytest.raises(DataError) as caught:
        load(folder)

    assert FOLDERS[make] in str(caught.value)
    assert str(caught.value).startswith(str(folder))
    assert "\n" not in str(caught.value)


FILES = {
    "notes.txt": (b"a text", "expected a folder of pictures, or IDX, .npy"),
    "table.csv": (b"label,pixel\n1,2\n", "found a file of another kind"),
    "photos.zip": (b"PK\x03\x04" + bytes(100), "found a file of another kind"),
    "cut.npz": (b"PK\x03\x04" + bytes(100), "expected an intact .npz file"),
    "cifar.pkl": (pickle.dumps([1, 2]), "a pickle is never loaded, because it can run code"),
    "one.png": (tiny.picture_bytes(grey(1)[0]), "expected a folder of pictures, found one picture"),
    "empty": (b"", "found a file of another kind"),
}


@pytest.mark.parametrize("name", FILES)
def test_file_of_another_kind_is_refused_in_one_sentence(tmp_path: Path, name: str) -> None:
    content, said = FILES[name]
    (tmp_path / name).write_bytes(content)

    with pytest.raises(DataError) as caught:
        load(tmp_path / name)

    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(DataError, match="expected a folder or a file, found something else"):
        load(tmp_path / "pipe")


def test_one_class_is_fine_and_what_is_not_measured_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")

    data = load(write_pictures(tmp_path / "photos", grey(30))).training

    assert data.class_names == ("photos",)
    assert "photos: one class: k-NN accuracy and realism, which compare classes, are not " in (
        caplog.text
    )


def test_colour_is_trained_on_in_grey_and_that_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")

    data = load(write_pictures(tmp_path, colour(30))).training

    assert data.training.pixels.shape[1] == 1
    assert caplog.text.count("in colour, but the networks draw grey alone for now") == 1


def test_skipped_files_are_counted_and_the_command_that_lists_them_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    write_pictures(tmp_path, grey(30))
    texts(tmp_path)

    load(tmp_path)

    command = f"python -m training describe --data {tmp_path}"
    assert f"5 files are skipped; {command} lists them" in caplog.text


def test_labels_beside_class_folders_are_skipped(tmp_path: Path) -> None:
    write_pictures(tmp_path / "cats", grey(4))
    labels_alone(tmp_path)

    found = prepared(tmp_path)

    assert found.prepared.class_names == ("cats",)
    assert [place for place, _ in found.prepared.skipped] == ["labels.npy"]


def test_recognition_does_not_depend_on_names(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", grey(8))
    (tmp_path / "x.npy").rename(tmp_path / "pictures")

    assert prepared(tmp_path / "pictures").source.kind == ".npy file"
