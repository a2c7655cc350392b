from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.datasets import load_digits

from tests.training.data.files import (
    colour,
    grey,
    labels_of,
    levels_of,
    load,
    prepared,
    write_npz,
)
from training.data.recognise import recognise
from training.errors import DataError

PICTURES, LABELS = grey(8), np.arange(8, dtype=np.uint8) % 3


def test_keys_of_medmnist_are_known(tmp_path: Path) -> None:
    arrays = {
        f"{part}_{what}": values
        for seed, (part, count) in enumerate({"train": 8, "val": 3, "test": 4}.items())
        for what, values in (
            ("images", colour(count, seed=seed)),
            ("labels", (np.arange(count, dtype=np.uint8) % 2)[:, None]),
        )
    }
    path = write_npz(tmp_path / "pathmnist.npz", **arrays)

    data, held_out = load(path)

    assert (data.name, data.class_names) == ("pathmnist", ("0", "1"))
    assert [len(part.labels) for part in (data.training, data.validation, held_out)] == [8, 3, 4]
    assert held_out.labels.tolist() == [0, 1, 0, 1]
    assert np.array_equal(
        levels_of(prepared(path))[:8], arrays["train_images"].transpose(0, 3, 1, 2)
    )


@pytest.mark.parametrize(
    "names", [("x_train", "y_train"), ("X_train", "Y_train"), ("imgs", "target")]
)
def test_pictures_and_labels_are_known_by_their_names(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    path = write_npz(tmp_path / "own.npz", **dict(zip(names, (PICTURES, LABELS), strict=True)))

    found = prepared(path)

    assert np.array_equal(levels_of(found)[:, 0], PICTURES)
    assert labels_of(found) == list(map(str, LABELS))


def test_files_of_kmnist_are_known(tmp_path: Path) -> None:
    for part, count in (("train", 8), ("test", 4)):
        np.savez(tmp_path / f"kmnist-{part}-imgs.npz", grey(count))
        np.savez(tmp_path / f"kmnist-{part}-labels.npz", np.arange(count) % 2)

    data, held_out = load(tmp_path)

    assert len(data.training.labels) + len(data.validation.labels) == 8
    assert held_out.labels.tolist() == [0, 1, 0, 1]


def test_a_folder_of_npy_files_is_one_set(tmp_path: Path) -> None:
    np.save(tmp_path / "x_train.npy", PICTURES)
    np.save(tmp_path / "y_train.npy", LABELS)
    np.save(tmp_path / "x_test.npy", grey(4, seed=1))
    np.save(tmp_path / "y_test.npy", LABELS[:4])

    data, held_out = load(tmp_path)

    assert data.class_names == ("0", "1", "2")
    assert np.array_equal(held_out.pixels[:][:, 0], grey(4, seed=1))


@pytest.mark.parametrize("name", ["arr_0", "cats", "images"])
def test_the_only_array_is_the_pictures(tmp_path: Path, name: str) -> None:
    found = prepared(write_npz(tmp_path / "own.npz", **{name: PICTURES}))

    assert found.prepared.class_names == ("own",)
    assert np.array_equal(levels_of(found)[:, 0], PICTURES)


def test_held_out_pictures_alone_are_all_there_is(tmp_path: Path) -> None:
    np.save(tmp_path / "t10k-images.npy", PICTURES)

    assert prepared(tmp_path / "t10k-images.npy").prepared.count == 8


def test_digits_of_scikit_learn_work_with_no_option(tmp_path: Path) -> None:
    digits = load_digits()
    path = write_npz(tmp_path / "digits.npz", **digits)

    found = prepared(path)

    assert found.image.shape == (1, 8, 8)
    assert found.prepared.class_names == tuple("0123456789")
    assert labels_of(found) == list(map(str, digits.target))
    assert np.array_equal(levels_of(found)[:, 0], np.rint(digits.images * 255 / 16))
    assert found.prepared.notes == ("levels 0..16 are scaled to 0..255",)


@pytest.mark.parametrize(
    "saved",
    [
        PICTURES,
        PICTURES[:, None],
        PICTURES[..., None],
        PICTURES / 255,
        (PICTURES / 255).astype(np.float16),
        (PICTURES / 255).astype(">f4"),
        PICTURES.astype(np.int64),
        np.asfortranarray(PICTURES),
    ],
    ids=["bytes", "N1HW", "NHW1", "doubles", "halves", "big-endian", "integers", "fortran"],
)
@pytest.mark.parametrize("ending", ["npy", "npz"])
def test_grey_pictures_are_the_same_however_saved(
    tmp_path: Path, saved: npt.NDArray[Any], ending: str
) -> None:
    path = tmp_path / f"images.{ending}"
    np.save(path, saved) if ending == "npy" else np.savez_compressed(path, images=saved)

    assert np.array_equal(levels_of(prepared(path))[:, 0], PICTURES)


@pytest.mark.parametrize("channels_first", [False, True])
def test_colours_are_known_by_their_axis(tmp_path: Path, channels_first: bool) -> None:
    first = colour(4).transpose(0, 3, 1, 2)
    np.save(tmp_path / "images.npy", first if channels_first else colour(4))

    assert np.array_equal(levels_of(prepared(tmp_path / "images.npy")), first)


def test_rows_of_pixels_are_squares(tmp_path: Path) -> None:
    pictures = grey(5, 7, 7)
    np.save(tmp_path / "data.npy", pictures.reshape(5, 49))

    assert np.array_equal(levels_of(prepared(tmp_path / "data.npy"))[:, 0], pictures)


@pytest.mark.parametrize("dtype", [np.uint8, bool])
def test_masks_are_black_and_white(tmp_path: Path, dtype: npt.DTypeLike) -> None:
    masks = (PICTURES > 100).astype(dtype)
    np.save(tmp_path / "images.npy", masks)

    assert np.array_equal(levels_of(prepared(tmp_path / "images.npy"))[:, 0], masks * 255)


def test_alpha_is_composited(tmp_path: Path) -> None:
    rgba = np.dstack([colour(1)[0], np.zeros((6, 5), np.uint8)])
    np.save(tmp_path / "images.npy", np.stack([rgba, rgba]))

    assert levels_of(prepared(tmp_path / "images.npy")).min() == 255


def test_dark_on_light_is_inverted_as_the_service_does(tmp_path: Path) -> None:
    np.save(tmp_path / "images.npy", 255 - grey(4))

    found = prepared(tmp_path / "images.npy")

    assert np.array_equal(levels_of(found)[:, 0], grey(4))
    assert found.prepared.applied == {"polarity": 4}


def test_text_labels_are_classes(tmp_path: Path) -> None:
    names = np.array(["dog", "cat", "dog", "eel"] * 2)

    found = prepared(write_npz(tmp_path / "own.npz", images=PICTURES, labels=names))

    assert found.prepared.class_names == ("cat", "dog", "eel")
    assert labels_of(found) == names.tolist()


def test_one_hot_labels_are_classes(tmp_path: Path) -> None:
    path = write_npz(tmp_path / "own.npz", images=PICTURES, labels=np.eye(3)[LABELS])

    assert labels_of(prepared(path)) == list(map(str, LABELS))


def test_several_labels_a_picture_are_left_out(tmp_path: Path) -> None:
    path = write_npz(tmp_path / "own.npz", images=PICTURES, labels=np.ones((8, 14), int))

    found = prepared(path)

    assert found.prepared.class_names == ("own",)
    assert "are not one class a picture" in found.prepared.notes[0]


def test_class_names_in_the_file_are_used(tmp_path: Path) -> None:
    path = write_npz(
        tmp_path / "own.npz",
        images=PICTURES,
        labels=LABELS,
        class_names=np.array(["ant", "bee", "cat", "dog"]),
        feature_names=np.array(list("abcdefghij")),
    )

    assert prepared(path).prepared.class_names == ("ant", "bee", "cat", "dog")


def test_labels_need_not_start_at_0(tmp_path: Path) -> None:
    path = write_npz(tmp_path / "own.npz", images=PICTURES, labels=LABELS * 500.0 + 7)

    assert prepared(path).prepared.class_names == ("7", "507", "1007")


def refusal(path: Path) -> str:
    """The one sentence that refuses the data."""
    with pytest.raises(DataError) as caught:
        load(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (LABELS[:7], "expected 8 labels, one per picture in images, found 7"),
        (LABELS + 0.5, "expected whole numbers as labels"),
        (np.array([None] * 8), "holds Python objects"),
        (LABELS * 1j, "expected numbers or text as labels, found complex128"),
    ],
)
def test_labels_that_do_not_fit_are_refused(
    tmp_path: Path, labels: npt.NDArray[Any], said: str
) -> None:
    assert said in refusal(write_npz(tmp_path / "own.npz", images=PICTURES, labels=labels))


@pytest.mark.parametrize(
    ("pictures", "said"),
    [
        (PICTURES * np.float32(np.nan), "expected finite numbers, found NaN or infinity"),
        (PICTURES.astype(float), "found floats in 0..255; save them with astype('uint8')"),
        (PICTURES * 1.5, "expected uint8, or floats in 0..1, found float64 in 0..382.5"),
        (PICTURES / 127.5 - 1, "found float64 in -1..1"),
        (PICTURES.astype(np.uint16) * 257, "found uint16 in 0..6.554e+04"),
        (PICTURES.astype(np.int16) - 300, "found int16 in -300..-45"),
        (
            np.array([PICTURES[0], None], dtype=object),
            "holds Python objects, which are never loaded",
        ),
        (np.zeros((8, 3), np.uint8), "expected pictures [N, H, W]"),
        (np.zeros((8, 6, 5, 2), np.uint8), "expected pictures [N, H, W]"),
        (np.zeros((8, 0, 5), np.uint8), "expected pictures [N, H, W]"),
        (np.array(["a", "b"]), "expected numbers, found <U1"),
        (np.zeros((0, 6, 5), np.uint8), "expected pictures, found"),
        (np.uint8(7), "expected pictures, found"),
    ],
)
@pytest.mark.parametrize("ending", ["npy", "npz"])
def test_arrays_that_are_no_pictures_are_refused(
    tmp_path: Path, pictures: npt.NDArray[Any], said: str, ending: str
) -> None:
    path = tmp_path / f"images.{ending}"
    np.save(path, pictures) if ending == "npy" else np.savez(path, images=pictures)

    message = refusal(path)

    assert said in message
    assert path.name in message


@pytest.mark.parametrize("ending", ["npy", "npz"])
@pytest.mark.parametrize("share", [0.01, 0.5, 0.95])
def test_cut_files_are_refused(tmp_path: Path, ending: str, share: float) -> None:
    path = tmp_path / f"images.{ending}"
    np.save(path, PICTURES) if ending == "npy" else np.savez(path, images=PICTURES)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])

    assert path.name in refusal(path)


def test_flipped_bit_in_an_archive_is_found(tmp_path: Path) -> None:
    path = write_npz(tmp_path / "own.npz", images=PICTURES)
    content = bytearray(path.read_bytes())
    content[300] ^= 1
    path.write_bytes(content)

    assert "Bad CRC-32" in refusal(path)


def test_several_sets_in_a_folder_are_refused(tmp_path: Path) -> None:
    for name in ("blood", "path"):
        write_npz(tmp_path / f"{name}mnist.npz", train_images=PICTURES)

    assert "expected one array of pictures for training, found" in refusal(tmp_path)


def test_labels_of_one_part_alone_are_refused(tmp_path: Path) -> None:
    path = write_npz(tmp_path / "own.npz", x_train=PICTURES, y_train=LABELS, x_test=grey(4, seed=1))

    assert "x_test: expected labels as for the other pictures, found none" in refusal(path)


def test_labels_without_pictures_are_refused(tmp_path: Path) -> None:
    path = write_npz(tmp_path / "own.npz", x_test=PICTURES, y_test=LABELS, y_train=LABELS)

    assert "y_train: expected pictures beside these labels, found none" in refusal(path)


def test_nothing_is_read_before_it_is_asked_for(tmp_path: Path) -> None:
    path = write_npz(tmp_path / "own.npz", images=PICTURES * 1.5)

    assert recognise(path).kind == ".npz file"
