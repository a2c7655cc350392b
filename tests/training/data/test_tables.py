import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import ipc

from service.artifact.arrays import Levels
from tests import tiny
from tests.training.data.files import (
    colour,
    grey,
    labels_of,
    levels_of,
    load,
    prepared,
    write_pictures,
)
from training.data import recognise
from training.errors import DataError

FEATURES = {
    "image": {"_type": "Image"},
    "label": {"names": ["ant", "bee", "cat"], "_type": "ClassLabel"},
}


def table(pictures: Levels, features: object = FEATURES, **columns: object) -> pa.Table:
    """Pictures as the Hub stores them, with the label `number % 3`."""
    files = [{"bytes": tiny.picture_bytes(levels), "path": None} for levels in pictures]
    held = {"image": files, "label": [number % 3 for number in range(len(files))]} | columns
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    return pa.table(held).replace_schema_metadata(metadata)


def write_parquet(path: Path, content: pa.Table) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(content, path, row_group_size=3)
    return path


def write_stream(path: Path, content: pa.Table) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with pa.OSFile(str(path), "wb") as file, ipc.new_stream(file, content.schema) as writer:
        writer.write_table(content, max_chunksize=3)
    return path


def write_file(path: Path, content: pa.Table) -> Path:
    with pa.OSFile(str(path), "wb") as file, ipc.new_file(file, content.schema) as writer:
        writer.write_table(content, max_chunksize=3)
    return path


Write = Callable[[Path, pa.Table], Path]
WRITERS = (write_parquet, write_stream, write_file)


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("pictures", [grey(8), colour(8)], ids=["grey", "colour"])
def test_pictures_and_class_names_are_read(tmp_path: Path, write: Write, pictures: Levels) -> None:
    path = write(tmp_path / "beasts.parquet", table(pictures))

    found = prepared(path)

    levels = levels_of(found)
    expected = pictures[:, None] if pictures.ndim == 3 else pictures.transpose(0, 3, 1, 2)
    assert np.array_equal(levels, expected)
    assert labels_of(found) == [["ant", "bee", "cat"][number % 3] for number in range(8)]
    assert found.source.name == "beasts"


def test_parts_of_the_hub_are_kept(tmp_path: Path) -> None:
    counts = {
        "data/train-00000-of-00002": 5,
        "data/train-00001-of-00002": 3,
        "data/test-00000-of-00001": 4,
    }
    for seed, (name, count) in enumerate(counts.items()):
        write_parquet(tmp_path / f"{name}.parquet", table(grey(count, seed=seed)))
    (tmp_path / "README.md").write_text("a card")

    data, held_out = load(tmp_path)

    assert len(data.training.labels) + len(data.validation.labels) == 8
    assert np.array_equal(held_out.pixels[:][:, 0], grey(4, seed=2))
    assert data.name == tmp_path.name


def test_folders_saved_to_disk_are_read(tmp_path: Path) -> None:
    for seed, (part, count) in enumerate({"train": 6, "validation": 2, "test": 4}.items()):
        folder = tmp_path / part
        write_stream(folder / "data-00000-of-00001.arrow", table(grey(count, seed=seed)))
        (folder / "state.json").write_text("{}")
    (tmp_path / "dataset_dict.json").write_text("{}")

    data, held_out = load(tmp_path)

    assert np.array_equal(data.training.pixels[:][:, 0], grey(6, seed=0))
    assert np.array_equal(data.validation.pixels[:][:, 0], grey(2, seed=1))
    assert np.array_equal(held_out.pixels[:][:, 0], grey(4, seed=2))


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"label": list("dogdogdo")}, ("d", "g", "o")),
        ({"label": [5, 7] * 4}, ("5", "7")),
        ({"label": pa.array(list("dogdogdo")).dictionary_encode()}, ("d", "g", "o")),
        ({"label": [0.5] * 8}, ("beasts",)),
    ],
)
def test_labels_of_other_kinds_are_classes(
    tmp_path: Path, changes: dict[str, Any], names: tuple[str, ...]
) -> None:
    path = write_parquet(tmp_path / "beasts.parquet", table(grey(8), features=[], **changes))

    assert prepared(path).prepared.class_names == names


def test_plain_bytes_are_pictures_too(tmp_path: Path) -> None:
    files = [tiny.picture_bytes(levels) for levels in grey(8)]
    path = write_parquet(tmp_path / "beasts.parquet", pa.table({"image": files}))

    assert np.array_equal(levels_of(prepared(path))[:, 0], grey(8))


def test_rows_without_a_picture_are_skipped(tmp_path: Path) -> None:
    files = [{"bytes": tiny.picture_bytes(levels), "path": "a.png"} for levels in grey(8)]
    files[2] = {"bytes": None, "path": "a.png"}  # type: ignore[dict-item]
    files[5] = {"bytes": b"a text", "path": "b.png"}
    path = write_parquet(tmp_path / "beasts.parquet", table(grey(8), image=files))

    found = prepared(path)

    assert found.prepared.skipped == (
        ("beasts.parquet[2]", "the row has no bytes"),
        ("beasts.parquet[5]", "not a PNG, JPEG, WebP, GIF or BMP file"),
    )
    assert labels_of(found) == ["ant", "bee", "ant", "bee", "ant", "bee"]


@pytest.mark.parametrize("write", WRITERS)
def test_cut_file_is_refused(tmp_path: Path, write: Write) -> None:
    path = write(tmp_path / "beasts.parquet", table(grey(8)))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    with pytest.raises(DataError, match=r"beasts\.parquet: expected an intact table"):
        load(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (pa.table({"text": ["a", "b"]}), "expected a column of picture files, found none"),
        (table(grey(8), label=[9] * 8), r"expected labels in 0\.\.2, for the class names, found 9"),
        (table(grey(8), label=[0] * 7 + [None]), "expected a label in every row"),
        (table(grey(0)), "expected"),
    ],
)
def test_tables_of_something_else_are_refused(tmp_path: Path, content: pa.Table, said: str) -> None:
    path = write_parquet(tmp_path / "beasts.parquet", content)

    with pytest.raises(DataError, match=said):
        load(path)


def test_table_beside_pictures_is_skipped(tmp_path: Path) -> None:
    write_pictures(tmp_path, grey(4))
    write_parquet(tmp_path / "metadata.parquet", pa.table({"file_name": ["000.png"]}))

    found = prepared(tmp_path)

    assert found.prepared.count == 4
    assert [place for place, _ in found.prepared.skipped] == ["metadata.parquet"]


def test_table_beside_pictures_needs_no_pyarrow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_pictures(tmp_path, grey(4))
    write_parquet(tmp_path / "metadata.parquet", pa.table({"file_name": ["000.png"]}))
    monkeypatch.setitem(sys.modules, "training.data.tables", None)
    monkeypatch.setattr(recognise, "find_spec", lambda _: None)

    assert prepared(tmp_path).prepared.count == 4


def test_missing_pyarrow_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_parquet(tmp_path / "beasts.parquet", table(grey(8)))
    monkeypatch.setitem(sys.modules, "training.data.tables", None)

    with pytest.raises(DataError, match=r"takes pyarrow: pip install 'latent-atlas\[parquet\]'"):
        recognise.recognise(path)
