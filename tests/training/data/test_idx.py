import gzip
import re
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.training.data.files import levels_of, load, prepared
from tests.training.tiny import (
    HELD_OUT_COUNT,
    TRAINING_COUNT,
    VALIDATION_COUNT,
    draw_squares,
    write_data,
    write_idx,
)
from training.data.fashion_mnist import (
    HELD_OUT_IMAGES,
    HELD_OUT_LABELS,
    TRAINING_IMAGES,
    TRAINING_LABELS,
)
from training.errors import DataError

ALL_FILES = (TRAINING_IMAGES, TRAINING_LABELS, HELD_OUT_IMAGES, HELD_OUT_LABELS)
COUNTS = {
    TRAINING_IMAGES: TRAINING_COUNT,
    TRAINING_LABELS: TRAINING_COUNT,
    HELD_OUT_IMAGES: HELD_OUT_COUNT,
    HELD_OUT_LABELS: HELD_OUT_COUNT,
}


def unpack(path: Path) -> bytes:
    content = path.read_bytes()
    return gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content


def rewrite(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(gzip.compress(change(unpack(path))))


def damage_gzip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def truncate_gzip(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def truncate_unpacked(path: Path) -> None:
    path.write_bytes(unpack(path)[:-1])


def truncate_content(path: Path) -> None:
    rewrite(path, lambda content: content[:-1])


def truncate_header(path: Path) -> None:
    rewrite(path, lambda content: content[:5])


def append_bytes(path: Path) -> None:
    rewrite(path, lambda content: content + b"\0")


def change_magic(path: Path) -> None:
    rewrite(path, lambda content: b"\0\0\x09\x03" + content[4:])


def empty(path: Path) -> None:
    path.write_bytes(b"")


FAULTS = (
    damage_gzip,
    truncate_gzip,
    truncate_unpacked,
    truncate_content,
    truncate_header,
    append_bytes,
    change_magic,
    empty,
)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("file_name", ALL_FILES)
def test_faulty_file_is_named(
    own_data_dir: Path, file_name: str, fault: Callable[[Path], None]
) -> None:
    fault(own_data_dir / file_name)

    with pytest.raises(DataError, match=re.escape(str(own_data_dir / file_name))):
        load(own_data_dir)


@pytest.mark.parametrize("file_name", ALL_FILES)
def test_missing_file_of_four_leaves_one_that_is_named(own_data_dir: Path, file_name: str) -> None:
    (own_data_dir / file_name).unlink()

    beside = file_name.replace("labels-idx1", "+").replace("images-idx3", "labels-idx1")
    with pytest.raises(DataError, match=re.escape(beside.replace("+", "images-idx3"))):
        load(own_data_dir)


@pytest.mark.parametrize("file_name", [TRAINING_LABELS, HELD_OUT_LABELS])
def test_wrong_number_of_labels_names_the_labels_file(own_data_dir: Path, file_name: str) -> None:
    write_idx(own_data_dir / file_name, 0x801, np.zeros(7, np.uint8))

    with pytest.raises(DataError, match=f"{file_name}.*expected .* labels.*found 7"):
        load(own_data_dir)


@pytest.mark.parametrize("file_name", [TRAINING_LABELS, HELD_OUT_LABELS])
def test_label_beyond_the_classes_is_refused(own_data_dir: Path, file_name: str) -> None:
    write_idx(own_data_dir / file_name, 0x801, np.full(COUNTS[file_name], 10, np.uint8))
    (own_data_dir / "classes.txt").write_text("\n".join("abcdefghij"))

    with pytest.raises(DataError, match=rf"{file_name}: expected labels in 0\.\.9, .* found 10"):
        load(own_data_dir)


def test_held_out_pictures_of_another_size_are_fitted(own_data_dir: Path) -> None:
    pixels, _ = draw_squares(HELD_OUT_COUNT, 9, seed=0)
    write_idx(own_data_dir / HELD_OUT_IMAGES, 0x803, pixels)

    found = prepared(own_data_dir)

    assert found.image.shape == (1, 8, 8)
    assert found.prepared.applied == {"resize": HELD_OUT_COUNT}


def declare(path: Path, *shape: int, content: bytes = b"") -> None:
    """Write a file whose header declares this shape."""
    header = np.array([0x800 + len(shape), *shape], ">u4").tobytes()
    path.write_bytes(gzip.compress(header + content))


@pytest.mark.parametrize(
    ("shape", "most"), [((2**31, 28, 28), "68,719,476,736 bytes"), ((2**31, 1, 1), "16,777,216 r")]
)
def test_file_that_declares_too_much_is_refused_by_its_header(
    tmp_path: Path, shape: tuple[int, ...], most: str
) -> None:
    declare(tmp_path / TRAINING_IMAGES, *shape)

    with pytest.raises(DataError, match=f"{TRAINING_IMAGES}: expected at most {most}"):
        load(tmp_path)


@pytest.mark.parametrize("part", ["train", "t10k"])
def test_file_unpacks_to_no_more_than_its_header_declares(own_data_dir: Path, part: str) -> None:
    declare(own_data_dir / f"{part}-labels-idx1-ubyte.gz", 1, content=bytes(1))
    declare(own_data_dir / f"{part}-images-idx3-ubyte.gz", 1, 8, 8, content=bytes(2**27))
    tracemalloc.start()

    with pytest.raises(DataError, match="expected 64 bytes .* found more"):
        load(own_data_dir)

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**25


def test_files_are_read_as_written(data_dir: Path) -> None:
    pixels, labels = draw_squares(HELD_OUT_COUNT, 8, seed=1)

    held_out = load(data_dir).held_out

    assert np.array_equal(held_out.pixels[:][:, 0], pixels)
    assert np.array_equal(held_out.labels, labels)


@pytest.mark.parametrize(
    "spelling",
    [
        "{}-idx3-ubyte.gz",
        "{}-idx3-ubyte",
        "{}.idx3-ubyte",
        "{}.idx3-ubyte.gz",
        "emnist-letters-{}-idx3-ubyte.gz",
    ],
)
def test_usual_spellings_are_known_packed_or_not(
    data_dir: Path, tmp_path: Path, spelling: str
) -> None:
    for name in ALL_FILES:
        stem, digit = re.match(r"(.*)-idx(\d)", name).groups()  # type: ignore[union-attr]
        path = tmp_path / spelling.format(stem).replace("idx3", f"idx{digit}")
        path.write_bytes(
            (data_dir / name).read_bytes() if path.suffix == ".gz" else unpack(data_dir / name)
        )

    found = prepared(tmp_path)

    assert found.prepared.digest == prepared(data_dir).prepared.digest
    assert found.prepared.labels == prepared(data_dir).prepared.labels


def test_labels_are_optional(own_data_dir: Path) -> None:
    (own_data_dir / TRAINING_LABELS).unlink()
    (own_data_dir / HELD_OUT_LABELS).unlink()

    assert load(own_data_dir).training.class_names == ("pictures",)


def test_without_a_held_out_pair_a_share_is_held_out(own_data_dir: Path) -> None:
    (own_data_dir / HELD_OUT_IMAGES).unlink()
    (own_data_dir / HELD_OUT_LABELS).unlink()

    data, held_out = load(own_data_dir)

    assert len(held_out.labels) == 24
    assert len(data.validation.labels) == 11
    assert len(data.training.labels) == TRAINING_COUNT - 24 - 11


def test_one_file_is_a_set_of_its_own(data_dir: Path) -> None:
    found = prepared(data_dir / TRAINING_IMAGES)

    assert found.source.name == "train-images-idx3-ubyte"
    assert np.array_equal(levels_of(found)[:, 0], draw_squares(TRAINING_COUNT, 8, seed=0)[0])


def test_colour_in_four_dimensions_is_read(tmp_path: Path) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (4, 3, 6, 5)).astype(np.uint8)
    declare(tmp_path / "train-images-idx4-ubyte.gz", 4, 3, 6, 5, content=pictures.tobytes())

    assert np.array_equal(levels_of(prepared(tmp_path)), pictures)


def test_own_class_names_come_from_classes_txt(own_data_dir: Path) -> None:
    names = tuple(f"thing {index}" for index in range(12))
    (own_data_dir / "classes.txt").write_text("\n".join(names) + "\n")

    data = load(own_data_dir).training

    assert data.class_names == names
    assert data.name == "pictures"
    assert data.image_shape == (8, 8)


@pytest.mark.parametrize("content", [b"", b"one\none\n", b"\xff\xfe"])
def test_faulty_classes_file_is_named(own_data_dir: Path, content: bytes) -> None:
    (own_data_dir / "classes.txt").write_bytes(content)

    with pytest.raises(DataError, match=r"classes\.txt"):
        load(own_data_dir)


def test_classes_without_names_are_named_by_number(data_dir: Path) -> None:
    assert load(data_dir).training.class_names == tuple("0123456789")


@pytest.mark.parametrize("file_name", [TRAINING_LABELS, HELD_OUT_LABELS])
def test_every_label_has_a_name(own_data_dir: Path, file_name: str) -> None:
    write_idx(own_data_dir / file_name, 0x801, np.full(COUNTS[file_name], 255, np.uint8))

    assert load(own_data_dir).training.class_names[-1] == "255"


def test_new_class_names_are_read_anew(tmp_path: Path) -> None:
    folder = write_data(tmp_path)
    load(folder)
    (folder / "classes.txt").write_text("\n".join("abcdefghij"))

    assert load(folder, validation_images=VALIDATION_COUNT).training.class_names[0] == "a"
