import hashlib
from pathlib import Path

import pooch
import pytest

from tests.training.data.files import load
from tests.training.tiny import HELD_OUT_COUNT, TRAINING_COUNT, draw_squares
from training.config import DataSection
from training.data import fashion_mnist
from training.data.fashion_mnist import MD5
from training.data.loading import find_source, load_data
from training.errors import DataError


def test_fashion_mnist_is_known_by_its_labels(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = (TRAINING_COUNT, HELD_OUT_COUNT)
    labels = [draw_squares(count, 8, seed)[1] for seed, count in enumerate(counts)]
    digest = hashlib.sha256(b"".join(map(bytes, labels))).hexdigest()
    monkeypatch.setattr(fashion_mnist, "LABELS_SHA256", digest)

    assert find_source(data_dir).read().class_names[0] == "T-shirt/top"


def test_other_data_never_get_its_class_names(data_dir: Path) -> None:
    assert load(data_dir).training.class_names == tuple("0123456789")


def test_download_without_network_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fashion_mnist, "URL", "http://127.0.0.1:9/")
    monkeypatch.setattr(pooch, "os_cache", lambda _: tmp_path)

    with pytest.raises(DataError, match="pass it as --data") as caught:
        find_source(None)

    assert all(file_name in str(caught.value) for file_name in MD5)


def test_download_is_checked_and_cached(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checksums = {name: hashlib.md5((data_dir / name).read_bytes()).hexdigest() for name in MD5}
    for name in MD5:
        (tmp_path / name).write_bytes((data_dir / name).read_bytes())
    monkeypatch.setattr(fashion_mnist, "MD5", checksums)
    monkeypatch.setattr(fashion_mnist, "URL", "http://127.0.0.1:9/")
    monkeypatch.setattr(pooch, "os_cache", lambda _: tmp_path)

    for _ in range(2):  # what is prepared lies beside the files, and is none of them
        assert load_data(find_source(None), DataSection(), seed=0).training.name == "fashion-mnist"
