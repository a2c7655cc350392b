from pathlib import Path

import pytest

from tests.training.tiny import full_disk
from training.errors import NotWritable
from training.files import check_room, write_whole


def test_full_disk_leaves_the_previous_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_whole(path, b"before")

    with (
        full_disk(100),
        pytest.raises(NotWritable, match="file: cannot be written: File too large"),
    ):
        write_whole(path, bytes(101))

    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_folder_that_is_none_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("")

    with pytest.raises(NotWritable, match="cannot be written: Not a directory"):
        write_whole(tmp_path / "text" / "file", b"")


def test_room_is_checked(tmp_path: Path) -> None:
    check_room(tmp_path, 1)

    with pytest.raises(NotWritable, match="expected 1,000,000,000,000.0 MB of free disk space"):
        check_room(tmp_path, 10**18)
