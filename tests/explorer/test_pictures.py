"""Pictures that people drop, paste, choose or draw on the page, and save as CSV or JSON."""

import base64
import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect

from tests import tiny
from tests.explorer.atlas import Atlas, levels_of, reference_set

pytestmark = pytest.mark.slow

DELIVER = """([kind, files]) => {
  const data = new DataTransfer();
  for (const [name, content] of files) {
    const bytes = Uint8Array.from(atob(content), (character) => character.charCodeAt(0));
    data.items.add(new File([bytes], name));
  }
  const event = kind === "drop"
    ? new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true })
    : new ClipboardEvent("paste", { clipboardData: data, bubbles: true });
  document.body.dispatchEvent(event);
}"""


def held_out(index: int) -> bytes:
    """A picture of the reference set as a PNG."""
    return tiny.picture_bytes(reference_set()["thumbnails"][index])


def deliver(atlas: Atlas, kind: str, files: dict[str, bytes]) -> None:
    """Drop or paste files."""
    encoded = [(name, base64.b64encode(content).decode()) for name, content in files.items()]
    atlas.page.evaluate(DELIVER, [kind, encoded])
    expect(atlas.page.get_by_role("status")).to_contain_text("on the map")


def reconstruction(atlas: Atlas, model: str, content: bytes) -> dict[str, Any]:
    """The service's answer to a picture."""
    form = {"files": tiny.uploads([content]), "data": {"model": model}}
    answer = atlas.service.post("/reconstruct", **form)  # type: ignore[arg-type]
    return dict(answer.json()["reconstructions"][0])


@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_picture_is_placed_and_shown_beside_its_reconstructions(atlas: Atlas, kind: str) -> None:
    content = held_out(7)

    deliver(atlas, kind, {"seven.png": content})

    item = atlas.page.locator("#pictures li")
    expect(item).to_contain_text("seven.png")
    for index, model in enumerate(("vae", "ae")):
        expected = reconstruction(atlas, model, content)
        nats = expected["error"]["binary_cross_entropy"]
        expect(item).to_contain_text(f"error {nats:.0f} nats")
        shown = levels_of(item.locator("figure canvas").nth(1 + index))
        difference = shown - 255 * np.array(expected["reconstruction"])
        assert np.abs(difference).max() <= 0.5
        expect(atlas.map(index).locator(".placed")).to_have_count(1)


def test_set_is_labelled_and_saved(atlas: Atlas) -> None:
    deliver(atlas, "drop", {"one.png": held_out(1), "=2.png": held_out(2)})
    atlas.page.locator("#pictures li").nth(1).get_by_label("Label").fill('a "shoe", left')

    with atlas.page.expect_download() as as_csv:
        atlas.page.get_by_role("button", name="Download as CSV").click()
    with atlas.page.expect_download() as as_json:
        atlas.page.get_by_role("button", name="as JSON").click()

    rows = list(csv.DictReader(io.StringIO(as_csv.value.path().read_text())))
    records = json.loads(as_json.value.path().read_text())
    expected = reconstruction(atlas, "ae", held_out(2))
    assert [(row["name"], row["label"], row["model"]) for row in rows] == [
        ("one.png", "", "vae"),
        ("one.png", "", "ae"),
        ("'=2.png", 'a "shoe", left', "vae"),
        ("'=2.png", 'a "shoe", left', "ae"),
    ]
    assert [records[3]["x"], records[3]["y"]] == expected["mean"]
    assert [float(rows[3]["x"]), float(rows[3]["y"])] == expected["mean"]


def test_what_was_done_to_a_picture_is_listed(atlas: Atlas, tmp_path: Path) -> None:
    picture = tmp_path / "large.png"
    picture.write_bytes(tiny.picture_bytes(np.full((60, 40, 3), 250, np.uint8)))

    atlas.page.locator("#files").set_input_files(picture)

    expect(atlas.page.locator("#pictures li")).to_contain_text("What was done to it: ")
    expect(atlas.page.locator("#pictures li")).to_contain_text("resize")


def test_file_that_is_no_picture_is_refused_alone(atlas: Atlas) -> None:
    deliver(atlas, "drop", {"notes.txt": b"no picture", "one.png": held_out(1)})

    expect(atlas.page.get_by_role("status")).to_have_text("1 of 2 pictures are on the map.")
    expect(atlas.page.locator("#pictures li").first).to_contain_text("notes.txt")
    expect(atlas.page.locator("#pictures li").first).to_contain_text("form/images/0")
    expect(atlas.map().locator(".placed")).to_have_count(1)
    assert [text for text in atlas.complaints if "status of 415" not in text] == []
    atlas.complaints.clear()  # the browser itself logs every 4xx


def test_picture_can_be_drawn(atlas: Atlas) -> None:
    atlas.page.get_by_role("button", name="Draw one").click()
    pad = atlas.page.get_by_label("Drawing pad").bounding_box()
    assert pad is not None
    atlas.page.mouse.move(pad["x"] + 100, pad["y"] + 40)
    atlas.page.mouse.down()
    atlas.page.mouse.move(pad["x"] + 100, pad["y"] + 240, steps=5)
    atlas.page.mouse.up()
    atlas.page.get_by_role("button", name="Place it on the maps").click()

    item = atlas.page.locator("#pictures li")
    expect(item).to_contain_text("drawing-1.png")
    seen = levels_of(item.locator("figure canvas").first)
    assert seen[:, 10].max() > 200
    assert seen[:, 20].max() == 0
