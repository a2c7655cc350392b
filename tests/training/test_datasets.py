import gzip
import hashlib
import re
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pooch
import pytest

from tests.training.tiny import HELD_OUT_COUNT, TRAINING_COUNT, draw_squares, write_idx
from training import fashion_mnist
from training.config import DataSection
from training.datasets import (
    LabelledImages,
    find_data,
    load_held_out,
    load_training_data,
    split_images,
)
from training.errors import ConfigError, DataError
from training.fashion_mnist import (
    HELD_OUT_IMAGES,
    HELD_OUT_LABELS,
    TRAINING_IMAGES,
    TRAINING_LABELS,
)


def rewrite(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(gzip.compress(change(gzip.decompress(path.read_bytes()))))


def damage_gzip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def truncate_gzip(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def no_gzip(path: Path) -> None:
    path.write_bytes(gzip.decompress(path.read_bytes()))


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


ALL_FILES = (TRAINING_IMAGES, TRAINING_LABELS, HELD_OUT_IMAGES, HELD_OUT_LABELS)
COUNTS = (TRAINING_COUNT, HELD_OUT_COUNT)
FAULTS = (
    damage_gzip,
    truncate_gzip,
    no_gzip,
    truncate_content,
    truncate_header,
    append_bytes,
    change_magic,
    empty,
    Path.unlink,
)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("file_name", ALL_FILES)
def test_faulty_file_is_named(
    own_data_dir: Path, file_name: str, fault: Callable[[Path], None]
) -> None:
    fault(own_data_dir / file_name)

    with pytest.raises(DataError, match=re.escape(str(own_data_dir / file_name))):
        load_training_data(own_data_dir, 40, seed=0)


@pytest.mark.parametrize("file_name", [TRAINING_LABELS, HELD_OUT_LABELS])
def test_wrong_number_of_labels_names_the_labels_file(own_data_dir: Path, file_name: str) -> None:
    write_idx(own_data_dir / file_name, 0x801, np.zeros(7, np.uint8))

    with pytest.raises(DataError, match=f"{file_name}.*expected .* labels.*found 7"):
        load_training_data(own_data_dir, 40, seed=0)


@pytest.mark.parametrize("file_name", [TRAINING_LABELS, HELD_OUT_LABELS])
def test_label_beyond_the_classes_is_refused(own_data_dir: Path, file_name: str) -> None:
    count = {TRAINING_LABELS: TRAINING_COUNT, HELD_OUT_LABELS: HELD_OUT_COUNT}[file_name]
    write_idx(own_data_dir / file_name, 0x801, np.full(count, 10, np.uint8))
    (own_data_dir / "classes.txt").write_text("\n".join("abcdefghij"))

    with pytest.raises(DataError, match=rf"{file_name}: expected labels in 0\.\.9, .* found 10"):
        load_training_data(own_data_dir, 40, seed=0)


def test_held_out_pictures_of_another_size_are_refused(own_data_dir: Path) -> None:
    pixels, _ = draw_squares(HELD_OUT_COUNT, 9, seed=0)
    write_idx(own_data_dir / HELD_OUT_IMAGES, 0x803, pixels)

    with pytest.raises(DataError, match=HELD_OUT_IMAGES):
        load_training_data(own_data_dir, 40, seed=0)


def declare(path: Path, *shape: int, content: bytes = b"") -> None:
    """Write an image file whose header declares this shape."""
    header = np.array([0x803, *shape], ">u4").tobytes()
    path.write_bytes(gzip.compress(header + content))


def test_file_that_declares_too_much_is_refused_by_its_header(own_data_dir: Path) -> None:
    declare(own_data_dir / TRAINING_IMAGES, 2**31, 28, 28)

    with pytest.raises(DataError, match=f"{TRAINING_IMAGES}: expected at most 1,073,741,824 bytes"):
        load_training_data(own_data_dir, 40, seed=0)


@pytest.mark.parametrize("file_name", [TRAINING_IMAGES, HELD_OUT_IMAGES])
def test_file_unpacks_to_no_more_than_its_header_declares(
    own_data_dir: Path, file_name: str
) -> None:
    declare(own_data_dir / file_name, 1, 8, 8, content=bytes(2**28))  # 260 kB
    tracemalloc.start()

    with pytest.raises(DataError, match="expected 64 bytes .* found more"):
        load_training_data(own_data_dir, 40, seed=0)

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**24


def test_files_are_read_as_written(data_dir: Path) -> None:
    pixels, labels = draw_squares(HELD_OUT_COUNT, 8, seed=1)

    held_out = load_held_out(data_dir)

    assert np.array_equal(held_out.pixels, pixels)
    assert np.array_equal(held_out.labels, labels)


def test_split_is_seeded_disjoint_and_whole(data_dir: Path) -> None:
    data = load_training_data(data_dir, 40, seed=3)
    again = load_training_data(data_dir, 40, seed=3)
    other = load_training_data(data_dir, 40, seed=4)
    pixels, _ = draw_squares(TRAINING_COUNT, 8, seed=0)

    parts = [*data.training.pixels, *data.validation.pixels]
    assert sorted(map(bytes, parts)) == sorted(map(bytes, pixels))
    assert np.array_equal(data.validation.pixels, again.validation.pixels)
    assert not np.array_equal(data.validation.pixels, other.validation.pixels)


def test_split_that_leaves_nothing_is_refused(data_dir: Path) -> None:
    with pytest.raises(ConfigError, match="validation_images"):
        load_training_data(data_dir, TRAINING_COUNT, seed=0)


@pytest.mark.parametrize(
    ("count", "validated"), [(60_000, 5000), (1500, 125), (240, 20), (10, 1), (5, 0), (1, 0)]
)
def test_validation_is_a_twelfth_by_default(count: int, validated: int) -> None:
    images = LabelledImages(np.zeros((count, 1, 1), np.uint8), np.zeros(count, np.uint8))

    training, validation = split_images(images, DataSection().validation, seed=0)

    assert (len(training.labels), len(validation.labels)) == (count - validated, validated)


def test_number_of_validation_images_wins_over_the_share(data_dir: Path) -> None:
    section = DataSection(validation_images=40, validation_share=0.5)

    data = load_training_data(data_dir, section.validation, seed=0)

    assert len(data.validation.labels) == 40


@pytest.mark.parametrize("file_name", [TRAINING_IMAGES, HELD_OUT_IMAGES])
def test_one_picture_many_times_is_refused(own_data_dir: Path, file_name: str) -> None:
    count = {TRAINING_IMAGES: TRAINING_COUNT, HELD_OUT_IMAGES: HELD_OUT_COUNT}[file_name]
    write_idx(own_data_dir / file_name, 0x803, np.full((count, 8, 8), 7, np.uint8))

    with pytest.raises(DataError, match=rf"{file_name}: expected different pictures, found only"):
        load_training_data(own_data_dir, 40, seed=0)


def test_digest_is_of_both_uncompressed_image_files(data_dir: Path) -> None:
    files = (data_dir / TRAINING_IMAGES, data_dir / HELD_OUT_IMAGES)
    content = b"".join(gzip.decompress(file.read_bytes()) for file in files)

    digest = load_training_data(data_dir, 40, seed=0).digest

    assert digest == hashlib.sha256(content).hexdigest()


def test_classes_without_names_are_named_by_number(data_dir: Path) -> None:
    assert load_training_data(data_dir, 40, seed=0).class_names == tuple("0123456789")


@pytest.mark.parametrize("file_name", [TRAINING_LABELS, HELD_OUT_LABELS])
def test_every_label_has_a_name(own_data_dir: Path, file_name: str) -> None:
    count = {TRAINING_LABELS: TRAINING_COUNT, HELD_OUT_LABELS: HELD_OUT_COUNT}[file_name]
    write_idx(own_data_dir / file_name, 0x801, np.full(count, 255, np.uint8))

    assert load_training_data(own_data_dir, 40, seed=0).class_names[-1] == "255"


def test_fashion_mnist_is_known_by_its_labels(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = [draw_squares(count, 8, seed)[1] for seed, count in enumerate(COUNTS)]
    digest = hashlib.sha256(b"".join(map(bytes, labels))).hexdigest()
    monkeypatch.setattr(fashion_mnist, "LABELS_SHA256", digest)

    assert load_training_data(data_dir, 40, seed=0).class_names[0] == "T-shirt/top"


def test_own_class_names_come_from_classes_txt(own_data_dir: Path) -> None:
    names = tuple(f"thing {index}" for index in range(12))
    (own_data_dir / "classes.txt").write_text("\n".join(names) + "\n")

    data = load_training_data(own_data_dir, 40, seed=0)

    assert data.class_names == names
    assert data.name == "pictures"
    assert data.image_shape == (8, 8)


@pytest.mark.parametrize("content", [b"", b"one\none\n", b"\xff\xfe"])
def test_faulty_classes_file_is_named(own_data_dir: Path, content: bytes) -> None:
    (own_data_dir / "classes.txt").write_bytes(content)

    with pytest.raises(DataError, match=r"classes\.txt"):
        load_training_data(own_data_dir, 40, seed=0)


def test_data_dir_without_the_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=TRAINING_IMAGES):
        find_data(tmp_path)


def test_download_without_network_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fashion_mnist, "URL", "http://127.0.0.1:9/")
    monkeypatch.setattr(pooch, "os_cache", lambda _: tmp_path)

    with pytest.raises(DataError, match="--data-dir") as caught:
        find_data(None)

    assert all(file_name in str(caught.value) for file_name in ALL_FILES)


def test_download_is_checked_and_cached(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checksums = {
        name: hashlib.md5((data_dir / name).read_bytes()).hexdigest() for name in ALL_FILES
    }
    for name in ALL_FILES:
        (tmp_path / name).write_bytes((data_dir / name).read_bytes())
    monkeypatch.setattr(fashion_mnist, "MD5", checksums)
    monkeypatch.setattr(fashion_mnist, "URL", "http://127.0.0.1:9/")
    monkeypatch.setattr(pooch, "os_cache", lambda _: tmp_path)

    folder = find_data(None)

    assert load_training_data(folder, 40, seed=0).name == "fashion-mnist"
