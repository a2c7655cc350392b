import io
import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from service.artifact.manifest import ImageSpec
from service.pictures.fitting import fit_picture
from service.pictures.formats import open_picture
from tests import tiny
from tests.pictures import corpus
from tests.serving import serving
from tests.training.data.files import (
    colour,
    grey,
    labels_of,
    levels_of,
    load,
    prepared,
    write_pictures,
)
from training.data import folder as folder_module
from training.errors import DataError


def test_folders_are_classes(tmp_path: Path) -> None:
    cats, dogs = grey(3, seed=1), grey(4, seed=2)
    write_pictures(tmp_path / "dogs", dogs)
    write_pictures(tmp_path / "cats", cats)

    found = prepared(tmp_path)

    assert found.prepared.class_names == ("cats", "dogs")
    assert labels_of(found) == ["cats"] * 3 + ["dogs"] * 4
    assert np.array_equal(levels_of(found)[:, 0], np.concatenate([cats, dogs]))


def test_pictures_in_no_folder_have_the_name_of_the_data(tmp_path: Path) -> None:
    write_pictures(tmp_path / "photos", grey(4))

    found = prepared(tmp_path / "photos")

    assert found.prepared.class_names == ("photos",)
    assert found.source.name == "photos"


def test_pictures_beside_class_folders_are_kept(tmp_path: Path) -> None:
    write_pictures(tmp_path / "photos", grey(2))
    write_pictures(tmp_path / "photos" / "zoo", grey(3))

    assert labels_of(prepared(tmp_path / "photos")) == ["photos"] * 2 + ["zoo"] * 3


def test_deeper_folders_belong_to_the_class_above(tmp_path: Path) -> None:
    write_pictures(tmp_path / "cats" / "2024" / "may", grey(2))

    assert labels_of(prepared(tmp_path)) == ["cats", "cats"]


@pytest.mark.parametrize("names", [("train", "val", "test"), ("Training", "valid", "TESTING")])
def test_parts_on_top_are_kept(tmp_path: Path, names: tuple[str, str, str]) -> None:
    for seed, (name, count) in enumerate(zip(names, (6, 3, 4), strict=True)):
        write_pictures(tmp_path / name / "cats", grey(count, seed=seed))

    data, held_out = load(tmp_path)

    assert data.class_names == ("cats",)
    assert np.array_equal(data.training.pixels[:][:, 0], grey(6, seed=0))
    assert np.array_equal(data.validation.pixels[:][:, 0], grey(3, seed=1))
    assert np.array_equal(held_out.pixels[:][:, 0], grey(4, seed=2))


def test_a_folder_called_test_is_a_class_where_there_is_no_train(tmp_path: Path) -> None:
    write_pictures(tmp_path / "test", grey(2))
    write_pictures(tmp_path / "other", grey(2))

    assert prepared(tmp_path).prepared.class_names == ("other", "test")


def test_what_lies_beside_the_parts_is_skipped(tmp_path: Path) -> None:
    write_pictures(tmp_path / "train", grey(4))
    write_pictures(tmp_path / "more", grey(1))

    skipped = prepared(tmp_path).prepared.skipped

    assert skipped == (("more/000.png", "it lies outside train, val and test"),)


@pytest.mark.parametrize("channels", ["grey", "colour"])
@pytest.mark.parametrize("size", [28, 20, 64])
def test_every_kind_of_file_is_what_the_service_makes_of_it(
    tmp_path: Path, channels: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_module, "MAX_PIXELS", 2**24)  # as the service
    kinds = {f"{n:02}": kind for n, kind in enumerate(corpus().values())}
    for name, kind in kinds.items():
        (tmp_path / name).write_bytes(kind.content)
    spec = ImageSpec(channels=3 if channels == "colour" else 1, height=size, width=size)

    found = prepared(tmp_path, size=size, channels=channels)

    read = {name: kind for name, kind in kinds.items() if kind.levels is not None}
    assert {place for place, _ in found.prepared.skipped} == kinds.keys() - read.keys()
    for levels, kind in zip(levels_of(found), read.values(), strict=True):
        pixels = fit_picture(open_picture(kind.content, 2**24, ""), spec, "auto", "").pixels
        assert levels.tobytes() == np.rint(pixels * 255).astype(np.uint8).tobytes()


def test_what_is_trained_on_is_what_the_service_encodes(tmp_path: Path) -> None:
    kinds = [kind for kind in corpus().values() if kind.levels is not None]
    for number, kind in enumerate(kinds):
        (tmp_path / f"{number:03}").write_bytes(kind.content)
    repository = tmp_path.parent / "repository"
    tiny.publish(repository)

    levels = levels_of(prepared(tmp_path, size=28, channels="grey"))

    with serving(repository) as client:
        assert np.array_equal(levels[:, 0], seen_by(client, [kind.content for kind in kinds]))


def seen_by(client: TestClient, files: list[bytes]) -> npt.NDArray[np.float64]:
    """What the service's models see of uploads, as grey levels [N, H, W]."""
    answer = client.post("/reconstruct", files=tiny.uploads(files))
    entries = answer.json()["reconstructions"]
    levels: npt.NDArray[np.float64] = np.rint(np.array([e["image"] for e in entries]) * 255)
    return levels


def test_most_common_size_is_taken(tmp_path: Path) -> None:
    write_pictures(tmp_path / "a", grey(5, 20, 30))
    write_pictures(tmp_path / "b", grey(4, 10, 10))

    assert prepared(tmp_path).image.shape == (1, 20, 30)


def test_size_is_that_of_the_upright_picture(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    Image.fromarray(grey(1, 20, 30)[0]).save(buffer, "PNG", exif=exif)
    (tmp_path / "turned.png").write_bytes(buffer.getvalue())

    assert prepared(tmp_path).image.shape == (1, 30, 20)


def test_large_pictures_become_64_pixels_wide(tmp_path: Path) -> None:
    write_pictures(tmp_path, grey(2, 300, 200))

    assert prepared(tmp_path).image.shape == (1, 64, 64)


def test_pictures_are_never_stretched(tmp_path: Path) -> None:
    write_pictures(tmp_path, np.full((1, 10, 40), 100, np.uint8))

    (levels,) = levels_of(prepared(tmp_path, size=20))

    assert (levels[0, :7] == 0).all()
    assert (levels[0, 8:12] == 100).all()


def test_grey_stored_as_rgb_is_grey(tmp_path: Path) -> None:
    write_pictures(tmp_path, np.repeat(grey(3)[..., None], 3, axis=3))

    assert prepared(tmp_path).image.channels == 1


def test_colours_hidden_under_alpha_are_none(tmp_path: Path) -> None:
    hidden = np.concatenate([colour(3), np.zeros((3, 6, 5, 1), np.uint8)], axis=3)
    hidden[:, 2:4, 2:4] = (200, 200, 200, 255)
    write_pictures(tmp_path, hidden)

    assert prepared(tmp_path).image.channels == 1


def test_colours_of_a_palette_are_kept(tmp_path: Path) -> None:
    picture = Image.fromarray(np.arange(30, dtype=np.uint8).reshape(6, 5), "P")
    picture.putpalette([(90 * n + 7 * c) % 256 for n in range(30) for c in range(3)])
    picture.save(tmp_path / "palette.png", transparency=bytes([0, 128] * 15))

    assert prepared(tmp_path).image.channels == 3


def test_colours_are_kept(tmp_path: Path) -> None:
    pictures = colour(3)
    write_pictures(tmp_path, pictures)

    assert np.array_equal(levels_of(prepared(tmp_path)), pictures.transpose(0, 3, 1, 2))


def break_one(folder: Path) -> None:
    content = (folder / "001.png").read_bytes()
    (folder / "001.png").write_bytes(content[:-30])


def test_broken_files_are_listed_and_skipped(tmp_path: Path) -> None:
    write_pictures(tmp_path, grey(4))
    break_one(tmp_path)
    (tmp_path / "notes.txt").write_text("a text")

    found = prepared(tmp_path)

    assert found.prepared.skipped == (
        ("001.png", "the PNG file is damaged and cannot be opened"),
        ("notes.txt", "not a PNG, JPEG, WebP, GIF or BMP file"),
    )
    assert np.array_equal(levels_of(found)[:, 0], grey(4)[[0, 2, 3]])


def test_strict_refuses_what_would_be_skipped(tmp_path: Path) -> None:
    write_pictures(tmp_path, grey(4))
    break_one(tmp_path)

    with pytest.raises(DataError, match=r"001\.png: the PNG file is damaged"):
        prepared(tmp_path, strict=True)


@pytest.mark.parametrize("name", [".DS_Store", "Thumbs.db", "desktop.ini", "__MACOSX/._001.png"])
def test_files_of_the_system_are_not_mentioned(tmp_path: Path, name: str) -> None:
    write_pictures(tmp_path, grey(4))
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("a text")

    assert prepared(tmp_path, strict=True).prepared.skipped == ()


def test_unreadable_and_too_large_files_are_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_pictures(tmp_path, grey(2))
    (tmp_path / "002.png").write_bytes(bytes(10_000))
    monkeypatch.setattr(folder_module, "MAX_FILE_BYTES", 5_000)

    assert [place for place, _ in prepared(tmp_path).prepared.skipped] == ["002.png"]


def test_class_without_a_readable_picture_is_none(tmp_path: Path) -> None:
    write_pictures(tmp_path / "b", grey(4))
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "notes.txt").write_text("a text")

    assert prepared(tmp_path).prepared.class_names == ("b",)


def test_links_are_followed_but_in_no_loop(tmp_path: Path) -> None:
    write_pictures(tmp_path / "elsewhere", grey(4))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "cats").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "again").symlink_to(tmp_path / "data")

    assert labels_of(prepared(tmp_path / "data")) == ["cats"] * 4


def test_names_that_are_not_utf8_are_read(tmp_path: Path) -> None:
    write_pictures(tmp_path / "x", grey(4))
    os.rename(tmp_path / "x", os.fsencode(tmp_path) + b"/caf\xe9")

    assert prepared(tmp_path).prepared.class_names == ("caf\N{REPLACEMENT CHARACTER}",)


def test_more_classes_than_a_map_can_show_become_one(tmp_path: Path) -> None:
    for number, picture in enumerate(grey(257)):
        write_pictures(tmp_path / f"{number}", picture[None])

    found = prepared(tmp_path)

    assert found.prepared.class_names == (tmp_path.name,)
    assert found.prepared.notes[0].startswith("257 classes are more than the 256")
