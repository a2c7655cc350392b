import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from tests.training.data.files import colour, grey, prepared, write_npz, write_pictures
from training.command_line import app
from training.data.sheet import draw_contact_sheet


def describe(path: Path, *words: str) -> Result:
    sheet = path.parent / "sheet.png"
    return CliRunner().invoke(
        app, ["describe", "--data", str(path), "--output", str(sheet), *words]
    )


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Class folders of two sizes, in colour, with a broken file."""
    folder = tmp_path / "photos"
    write_pictures(folder / "cats", colour(12))
    write_pictures(folder / "dogs", colour(8, 10, 10))
    (folder / "dogs" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return folder


def test_describe_tells_what_the_data_hold(photos: Path) -> None:
    result = describe(photos)

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "photos: a folder of pictures",
        "pictures: 20, of which 17 for training, 1 for validation and 2 held out",
        "sizes: 12 of 5 x 6, 8 of 10 x 10",
        "channels: colour",
        "classes: 2: cats (12), dogs (8)",
        "fitted to: 5 x 6, colour",
        "  8 resized",
        "  8 with sides filled up",
        "skipped: 1",
        "  dogs/broken.png: the PNG file is damaged and cannot be opened",
    ]


def test_describe_gives_the_same_as_json(photos: Path) -> None:
    found = json.loads(describe(photos, "--json", "--size", "16", "--channels", "grey").stdout)

    assert found["classes"] == {"cats": 12, "dogs": 8}
    assert found["form"] == [16, 16, 1]
    assert found["sizes"] == [[6, 5, 12], [10, 10, 8]]
    assert found["skipped"] == [["dogs/broken.png", "the PNG file is damaged and cannot be opened"]]


def test_describe_draws_a_contact_sheet(photos: Path) -> None:
    describe(photos)

    with Image.open(photos.parent / "sheet.png") as sheet:
        assert sheet.format == "PNG"
        assert min(sheet.size) > 100


def test_strict_data_are_refused_without_a_sheet(photos: Path) -> None:
    result = describe(photos, "--strict")

    assert result.exit_code == 1
    assert "error: " in result.stderr
    assert "dogs/broken.png" in result.stderr
    assert not (photos.parent / "sheet.png").exists()


@pytest.mark.parametrize(("option", "value"), [("--size", "0"), ("--channels", "red")])
def test_wrong_option_exits_2_and_is_named(photos: Path, option: str, value: str) -> None:
    result = describe(photos, option, value)

    assert result.exit_code == 2
    assert f"data.{option.removeprefix('--')}" in result.stderr


def test_long_lists_are_cut(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    for number in range(30):
        write_pictures(folder / f"{number:02}", grey(1, 4 + number, 8, seed=number))
        (folder / f"{number:02}" / "a.txt").write_text("a text")

    shown = describe(folder).stdout

    assert "and 25 other sizes" in shown
    assert "and 10 more" in shown
    assert "  and 10 more; --json lists all" in shown


def test_sheet_shows_every_picture_of_few(tmp_path: Path) -> None:
    write_pictures(tmp_path / "a", np.full((2, 8, 8, 3), (255, 0, 0), np.uint8))
    write_pictures(tmp_path / "b", np.full((2, 8, 8, 3), (0, 0, 255), np.uint8))

    with Image.open(io.BytesIO(draw_contact_sheet(prepared(tmp_path)))) as sheet:
        pixels = np.asarray(sheet.convert("RGB")).astype(int)

    for shown in ((255, 0, 0), (0, 0, 255)):
        assert (np.abs(pixels - shown).sum(axis=2) < 30).sum() > 1000


@pytest.mark.parametrize("count", [4, 300])
def test_sheet_of_grey_of_one_class_is_drawn(tmp_path: Path, count: int) -> None:
    path = write_npz(tmp_path / "own.npz", images=grey(count))

    assert draw_contact_sheet(prepared(path)).startswith(b"\x89PNG")
